# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking again and again: what the evidence says of each gate, and when a step is over.

Only PASS moves forward. Time without evidence does not count, and neither convicts: a step whose clock stands still for
longer than its patience ends with the verdict that kept it from passing.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.units import Limit
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict, join_all

NODATA, SEVERAL, OUTAGE = "nodata", "several", "error"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What one look found for one gate, in base units.

    ``problem``: ``""``, ``nodata``, ``several`` (more than one series) or ``error`` (no answer); ``text`` says it.
    ``sample``: how many requests it was made of, None when not asked. ``against``: the value of the other side.
    """

    value: float | None = None
    sample: float | None = None
    against: float | None = None
    problem: str = ""
    text: str = ""


@dataclasses.dataclass(frozen=True)
class Reading:
    """What one gate says at one look; ``counted`` is False while it warms up."""

    name: str
    verdict: Verdict
    value: float | None
    limit: str
    text: str
    severity: str
    counted: bool = True


@dataclasses.dataclass(frozen=True)
class StepReading:
    """What a step says at one look. ``progress``: seconds with evidence. ``done``: it is over with ``verdict``."""

    verdict: Verdict
    done: bool
    readings: tuple[Reading, ...]
    text: str
    progress: float


class GateWatch:
    """One gate over the looks of one step."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._breached_since: float | None = None

    def look(self, at: float, evidence: Evidence) -> Reading:
        """:param at: seconds since the step began, never falling"""
        verdict, value, text = self._judge(at, evidence)
        counted = at >= self.gate.warmup
        if not counted and verdict is Verdict.FAIL:
            verdict, text = Verdict.INCONCLUSIVE, f"{text} (warming up)"
        name = self.gate.name
        return Reading(name, verdict, value, self._limit(), f"{name} {text}", self.gate.severity, counted)

    def _judge(self, at: float, evidence: Evidence) -> tuple[Verdict, float | None, str]:
        if evidence.problem in (OUTAGE, SEVERAL):
            return Verdict.ERROR, None, evidence.text or "could not be asked"
        value = self._value(evidence)
        if value is None:
            return Verdict.NODATA, None, evidence.text or "has no data"
        limit = self.gate.limit
        told = limit.describe(value)
        if limit.breached(value) and self._certain(evidence, limit):
            since = self._breached_since = at if self._breached_since is None else self._breached_since
            if at - since >= self.gate.for_seconds:
                return Verdict.FAIL, value, told
            return Verdict.INCONCLUSIVE, value, f"{told} for {at - since:.0f} s of {self.gate.for_seconds:g} s"
        self._breached_since = None
        if evidence.sample is not None and evidence.sample < self.gate.minimum:
            few = f"{evidence.sample:.0f} requests of the {self.gate.minimum:g} that are needed"
            return Verdict.INCONCLUSIVE, value, f"{told}, {few}"
        if limit.breached(value):
            return Verdict.INCONCLUSIVE, value, told
        return Verdict.PASS, value, told

    def _value(self, evidence: Evidence) -> float | None:
        value = evidence.value
        if evidence.problem or value is None or not math.isfinite(value):
            return None
        if self.gate.compared == "limit":
            return value
        other = evidence.against
        if other is None or not math.isfinite(other):
            return None
        if self.gate.form == "delta":
            return value - other
        return value / other if other else None

    def _certain(self, evidence: Evidence, limit: Limit) -> bool:
        """Whether a breach would remain one if all requests missing for the minimum turned out to be good."""
        if evidence.sample is None or evidence.sample >= self.gate.minimum:
            return True
        if not self.gate.total or evidence.value is None or self.gate.compared != "limit":
            return False
        return limit.breached(evidence.value * evidence.sample / self.gate.minimum)

    def _limit(self) -> str:
        unit = self.gate.limit.unit
        return f"{self.gate.limit.sign} {self.gate.limit.number}{' ' + unit if unit else ''}"


class StepWatch:
    """All gates of one step.

    :param duration: seconds with evidence that it takes to pass
    :param patience: seconds in a row in which nothing moves on, after which the step ends without PASS
    """

    def __init__(self, gates: Sequence[Gate], duration: float, patience: float) -> None:
        if not any(gate.severity == "abort" for gate in gates):
            raise ValueError("a step needs a gate with severity abort: nothing passes on nothing")
        self._watches = [GateWatch(gate) for gate in gates]
        self._duration, self._patience = duration, patience
        self._progress = 0.0
        self._last: float | None = None
        self._held_since: float | None = None
        self._was_pass = False

    def look(self, at: float, evidence: Mapping[str, Evidence]) -> StepReading:
        """:param evidence: gate name -> what was found; a gate that is missing has no data"""
        readings = tuple(
            watch.look(at, evidence.get(watch.gate.name, Evidence(problem=NODATA))) for watch in self._watches
        )
        deciding = [one for one in readings if one.severity == "abort"]
        verdict = join_all(one.verdict for one in deciding)
        text = " · ".join(one.text for one in readings)
        if verdict is Verdict.FAIL:
            worst = next(one for one in deciding if one.verdict is Verdict.FAIL)
            return StepReading(verdict, True, readings, worst.text, self._progress)
        passed = verdict is Verdict.PASS
        if passed and self._was_pass and self._last is not None:
            self._progress += at - self._last
        self._held_since = None if passed else (at if self._held_since is None else self._held_since)
        self._last, self._was_pass = at, passed
        if passed:
            return StepReading(verdict, self._progress >= self._duration, readings, text, self._progress)
        tired = self._held_since is not None and at - self._held_since >= self._patience
        return StepReading(verdict, tired, readings, text, self._progress)
