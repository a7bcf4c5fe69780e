# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guarded step: shift, watch, and on anything but PASS back to the safe side, all in one process.

The way back is one request after the verdict. It is taken on FAIL, on evidence that does not come in time, on a signal,
when the main process is gone, when somebody else changes the route, and when the API server is silent for so long that
others may take the lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.watch import StepReading
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Overtaken, RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.collect import Collector
from ansible_collections.releng.runbooks.plugins.module_utils.release import moving
from ansible_collections.releng.runbooks.plugins.module_utils.release.judging import Judging, Say, Step
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session


class Guarded(Judging):
    """Runs steps that shift traffic."""

    def __init__(self, session: Session, collector: Collector, asked: Callable[[], str], say: Say) -> None:
        super().__init__(session, collector, asked, say)
        self.route = session.traffic()

    def run(self, step: Step) -> StepReading:
        """Shift to ``step.share`` and watch its gates until they passed.

        :raises RunbookError: they did not; traffic is on the safe side, or the message says why it is not
        :raises Overtaken: a newer run holds the target; nothing more was written
        """
        begun = self.session.clock.now()
        try:
            reading = self._shift_and_watch(step, step.share or 0)
        except Overtaken as error:
            if "backendRefs" not in str(error.facts.get("path", "")):
                raise
            raise self._abandoned(step, begun, f"somebody else changed the route: {error.message}") from error
        except RunbookError as error:
            raise self._abandoned(step, begun, error.message) from error
        except Exception as error:  # a defect of ours is no reason to leave traffic where it is
            raise self._abandoned(step, begun, f"unexpected {type(error).__name__}: {error}") from error
        if reading.verdict is not Verdict.PASS:
            raise self._abandoned(step, begun, f"{reading.verdict.value}: {reading.text}", reading)
        self.told(step, begun, reading, reading.text)
        return reading

    def _shift_and_watch(self, step: Step, share: int) -> StepReading:
        session = self.session
        before, after = dict(session.open.weights), moving.weights(share)
        session.save(phase=step.phase, weights=after, way_back=moving.way_back(session, self.route, step.phase))
        with session.change(step.stage, step.action, {"weights": before}, {"weights": after}) as result:
            result["weights"] = moving.shift(session, self.route, after).weights
        return self.watch(step, self.facts(step), lambda: self._foreign(after))

    def _foreign(self, wanted: dict[str, int]) -> str:
        """What the gateway says against the route. :raises RunbookError: it does not say any more what we wrote"""
        try:
            seen = self.route.read()
        except Unreachable as error:
            return error.message
        if seen.token > self.session.open.token:
            raise Overtaken(f"The route {self.route.name} carries token {seen.token}: a newer run holds it.")
        if seen.weights != wanted:
            raise RunbookError(
                f"Somebody else changed the route {self.route.name}: {seen.weights['canary']} % on canary, "
                f"this step wrote {wanted['canary']} %."
            )
        return str(seen.problem) or ("the gateway has not taken these weights yet" if seen.behind else "")

    def _abandoned(self, step: Step, begun: float, why: str, reading: StepReading | None = None) -> RunbookError:
        """Traffic to the safe side, and the error that says so. :raises Overtaken: a newer run holds the route

        Traffic first: what leads back stands in the release state already, and a journal that hangs would cost users
        every second that it takes.
        """
        session, where = self.session, f"Canary at {step.share} %: {why.rstrip('.')}"
        session.open.direction, session.open.reason = "back", why[:300]
        side, failure = "", None
        try:
            side = moving.to_safe_side(session, self.route, step.phase)
            self.say(f"all traffic is on {side}", "safe")
        except RunbookError as error:
            failure = error
        with contextlib.suppress(RunbookError):
            self._back_is_recorded(step, side, failure)
        self.told(step, begun, reading, why)
        if isinstance(failure, Overtaken):
            raise failure
        if failure is not None:
            return RunbookError(f"{where}. Traffic is NOT on the safe side: {failure.message}")
        with contextlib.suppress(RunbookError):
            session.save(weights=moving.of_side(side))
        return RunbookError(f"{where}. All traffic is on {side}.", side=side)

    def _back_is_recorded(self, step: Step, side: str, failure: RunbookError | None) -> None:
        """Intent and result in the journal; a failure is raised again, so that it is the result."""
        with self.session.undo(f"traffic to the safe side of {step.phase}", {"share": step.share}, {}) as told:
            if failure is not None:
                raise failure
            told["weights"] = moving.of_side(side)
