# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching gates for a time: one look an interval, one line for people, the lock renewed, signals heeded."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Callable

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.units import minutes
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.watch import StepReading, StepWatch
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.collect import Collector
from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock, looks
from ansible_collections.releng.runbooks.plugins.module_utils.release import sides
from ansible_collections.releng.runbooks.plugins.module_utils.release.judged import JudgedPods
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session, has_to_stop

Say = Callable[[str, str], None]
Facts = dict[str, dict[str, str]]
SLICE = 0.25  # seconds between two looks at whether a signal came
ANSWER = 5.0  # seconds that the answers of one look may take and still belong to it


@dataclasses.dataclass(frozen=True)
class Step:
    """What is watched for how long.

    ``share``: per cent that the canary gets; None where traffic is not shifted. ``judged``: the side that the gates
    look at. ``duration``: seconds with evidence that it takes to pass; ``patience``: seconds in a row without evidence
    that it may take. ``requests``: a query for the number of requests of a side, for the line only.
    """

    stage: str
    phase: str
    judged: str
    gates: tuple[Gate, ...]
    interval: float
    duration: float
    patience: float
    share: int | None = None
    requests: str = ""

    def __post_init__(self) -> None:
        """:raises Refused: nothing could ever let it pass, or it would never look; before anything is shifted"""
        if not any(gate.severity == "abort" for gate in self.gates):
            raise Refused(
                f"No gate with severity abort is looked at in phase {self.phase}: nothing passes on nothing.",
                remedy="Give one in release_gates, and this phase in its phases.",
            )
        if self.interval <= 0:
            raise Refused(f"The interval between two looks is {self.interval:g} s, allowed is a number above 0.")

    @property
    def action(self) -> str:
        return "watch the new pods" if self.share is None else f"{self.share} % to canary"


class Attentive:
    """A clock whose sleep ends when the run has to stop: it raises RunbookError with the reason."""

    def __init__(self, clock: Clock, asked: Callable[[], str]) -> None:
        self._clock, self._asked = clock, asked
        self.now, self.wall = clock.now, clock.wall

    def sleep(self, seconds: float) -> None:
        until = self._clock.now() + seconds
        while (left := until - self._clock.now()) > 0:
            self.go_on()
            self._clock.sleep(min(SLICE, left))

    def go_on(self) -> None:
        """:raises RunbookError: the run has to stop"""
        if reason := self._asked():
            raise has_to_stop(reason)


class Judging:
    """Watches gates on one target. ``asked`` says why the run has to stop, ``say`` prints a line (text, mark)."""

    def __init__(self, session: Session, collector: Collector, asked: Callable[[], str], say: Say) -> None:
        self.session, self.collector, self.say = session, collector, say
        self.clock = Attentive(session.clock, asked)
        self.measured: float | None = None

    def run(self, step: Step) -> StepReading:
        """Watch without shifting anything. :raises RunbookError: the gates did not pass"""
        begun = self.session.clock.now()
        reading = self.watch(step, self.facts(step))
        self.told(step, begun, reading, reading.text)
        if reading.verdict is not Verdict.PASS:
            raise RunbookError(f"{reading.verdict.value}: {reading.text}.")
        return reading

    def watch(self, step: Step, facts: Facts, trouble: Callable[[], str] = str) -> StepReading:
        """Look until the step is over.

        :param trouble: what is in the way just now ("" for nothing); called before each look, may raise
        :raises RunbookError: the run has to stop, or ``trouble`` says so
        """
        pods = self._pods(step)
        watch = StepWatch(list(step.gates), step.duration, step.patience, longest=2 * step.interval + ANSWER)
        ready_at = 0.0
        for elapsed in looks(self.clock, step.interval, math.inf):
            self.clock.go_on()
            held = self.session.renew() or trouble()
            unready = pods.look()
            waits = held or unready
            ready_at = ready_at if waits else elapsed
            if elapsed - ready_at > step.patience:
                raise RunbookError(f"Not ready for {elapsed - ready_at:.0f} s: {waits}.")
            evidence = self.collector.look(step.gates, facts, step.judged)
            reading = watch.look(elapsed, evidence)
            self.say(self._line(step, reading, facts, waits), f"{reading.verdict.value}{bool(waits)}")
            # Gates speak of the pods that answer. Nothing passes while one of them does not, or while the gateway
            # still sends requests where an older version of the route said.
            if reading.done and (reading.verdict is not Verdict.PASS or not waits):
                return reading
        raise AssertionError("a watch ends by itself")

    def _pods(self, step: Step) -> JudgedPods:
        began = datetime.datetime.fromisoformat(self.session.open.started)
        workload = sides.workload_of(step.judged, self.session.target.workload)
        return JudgedPods(self.session.kube, workload, began)

    def facts(self, step: Step) -> Facts:
        """What the placeholders of queries stand for, by side."""
        state, target = self.session.open, self.session.target
        # While traffic returns, and where nothing is shifted, stable is the new version already.
        stable = state.after if step.judged == sides.STABLE and state.after.revision else state.before
        found = {sides.STABLE: stable} if step.share is None else {sides.STABLE: stable, sides.CANARY: state.after}
        return self.session.retry(lambda: {
            side: sides.facts(self.session.kube, target.workload, side, which.version, which.revision)
            for side, which in found.items()
        })  # fmt: skip

    def told(self, step: Step, begun: float, reading: StepReading | None, text: str) -> None:
        """The step as a note in the journal, with what each gate said last."""
        gates = [
            {"name": one.name, "verdict": one.verdict.value, "value": one.value, "limit": one.limit, "text": one.text}
            for one in (reading.readings if reading else [])
        ]
        self.session.note(step.stage, "step", {
            "stage": step.stage, "action": step.action, "share": step.share, "measured": self.measured,
            "verdict": reading.verdict.value if reading else "failed", "gates": gates, "text": text,
            "seconds": round(self.session.clock.now() - begun, 3), "phase": step.phase,
        })  # fmt: skip

    def _line(self, step: Step, reading: StepReading, facts: Facts, held: str) -> str:
        """``canary 10 % (measured 9 %) · 00:25/01:00 · error rate 0.4 % ≤ 5 % · canary 412 requests, stable 3 690``"""
        share, requests = self._share(step, facts)
        verdict = [] if reading.verdict is Verdict.PASS else [reading.verdict.value]
        clock = f"{minutes(reading.progress)}/{minutes(step.duration)}"
        return " · ".join([share, clock, *verdict, reading.text, *requests, *([f"holding: {held}"] if held else [])])

    def _share(self, step: Step, facts: Facts) -> tuple[str, list[str]]:
        if step.share is None:
            return "new pods", []
        counts = self.collector.counts(step.requests, facts) if step.requests else {}
        canary, stable = counts.get(sides.CANARY), counts.get(sides.STABLE)
        whole = (canary or 0.0) + (stable or 0.0)
        if not whole:
            return f"canary {step.share} %", []
        self.measured = round(100 * (canary or 0.0) / whole, 1)
        return (
            f"canary {step.share} % (measured {self.measured:g} %)",
            [f"canary {_count(canary)} requests, stable {_count(stable)}"],
        )


def _count(number: float | None) -> str:
    return f"{round(number or 0):,}".replace(",", " ")
