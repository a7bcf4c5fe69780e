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
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict, join_all
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

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
        self._lasted = 0.0  # seconds that a breach has been seen to last, since a look that was good
        self._breach_at: float | None = None  # when the look before this one saw it

    def look(self, at: float, evidence: Evidence) -> Reading:
        """:param at: seconds since the step began, never falling"""
        verdict, value, text = self._judge(evidence)
        counted = at >= self.gate.warmup
        if not counted and verdict is Verdict.FAIL:
            verdict, text = Verdict.INCONCLUSIVE, f"{text} (warming up)"
        breach = verdict is Verdict.FAIL
        if verdict is Verdict.PASS:
            self._lasted = 0.0
        elif breach:
            verdict, text = self._lasting(at, text)
        self._breach_at = at if breach else None
        name = self.gate.name
        return Reading(name, verdict, value, self._limit(), f"{name} {text}", self.gate.severity, counted)

    def _lasting(self, at: float, told: str) -> tuple[Verdict, str]:
        """A breach that was seen again: looks without evidence in between neither add to its time nor end it."""
        if self._breach_at is not None:
            self._lasted += at - self._breach_at
        if self._lasted >= self.gate.for_seconds:
            return Verdict.FAIL, told
        return Verdict.INCONCLUSIVE, f"{told} for {self._lasted:.0f} s of {self.gate.for_seconds:g} s"

    def _judge(self, evidence: Evidence) -> tuple[Verdict, float | None, str]:
        if evidence.problem in (OUTAGE, SEVERAL):
            return Verdict.ERROR, None, evidence.text or "could not be asked"
        value = self._value(evidence)
        if value is None:
            return Verdict.NODATA, None, evidence.text or "has no data"
        told, few = self.gate.limit.describe(value), self._few(evidence.sample)
        if self.gate.limit.breached(value) and (not few or self._certain(evidence)):
            return Verdict.FAIL, value, told
        return (Verdict.INCONCLUSIVE, value, f"{told}, {few}") if few else (Verdict.PASS, value, told)

    def _value(self, evidence: Evidence) -> float | None:
        value = evidence.value
        if evidence.problem or value is None or not math.isfinite(value):
            return None
        if self.gate.compared == "limit":
            return value
        other = evidence.against
        if other is None or not math.isfinite(other):
            return None
        if self.gate.form == "relative" and not other:
            return None
        compared = value - other if self.gate.form == "delta" else value / other
        return compared if math.isfinite(compared) else None

    def _few(self, sample: float | None) -> str:
        """What is missing for the minimum, "" when it is there."""
        minimum = self.gate.minimum
        if not minimum or (sample is not None and sample >= minimum):
            return ""
        number = "an unknown number of" if sample is None or math.isnan(sample) else f"{sample:.0f}"
        return f"{number} requests of the {minimum:g} that are needed"

    def _certain(self, evidence: Evidence) -> bool:
        """Whether a breach would remain one if all requests missing for the minimum turned out to be good."""
        gate, value, sample = self.gate, evidence.value or 0.0, evidence.sample or 0.0
        # Good ones lower a share of errors. Whether they would mend another number cannot be told.
        if not gate.total or not gate.limit.upper or gate.compared != "limit" or not sample > 0:
            return False
        return gate.limit.breached(value * sample / gate.minimum)

    def _limit(self) -> str:
        unit = self.gate.limit.unit
        return f"{self.gate.limit.sign} {self.gate.limit.number}{' ' + unit if unit else ''}"


class StepWatch:
    """All gates of one step.

    :param duration: seconds with evidence that it takes to pass
    :param patience: seconds in a row in which nothing moves on, after which the step ends without PASS
    :param longest: seconds between two looks that count at most: a process that was stopped for a while has not
        watched meanwhile
    :raises Refused: gates that cannot decide, or times that never come
    """

    def __init__(
        self, gates: Sequence[Gate], duration: float, patience: float, longest: float = math.inf
    ) -> None:
        if not any(gate.severity == "abort" for gate in gates):
            raise Refused("A step needs a gate with severity abort: nothing passes on nothing.")
        names = [gate.name for gate in gates]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise Refused(f"Two gates of a step are called '{twice}': each would be judged by what was found for one.")
        for what, seconds in (("duration", duration), ("patience", patience)):
            if not 0 <= seconds < math.inf:
                raise Refused(f"The {what} of a step is {seconds}, allowed are seconds from 0 on.")
        self._watches = [GateWatch(gate) for gate in gates]
        self._duration, self._patience, self._longest = duration, patience, longest
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
            self._progress += min(at - self._last, self._longest)
            self._held_since = None
        elif not passed and self._held_since is None:
            self._held_since = at
        self._last, self._was_pass = at, passed
        if passed:
            return StepReading(verdict, self._progress >= self._duration, readings, text, self._progress)
        tired = self._held_since is not None and at - self._held_since >= self._patience
        return StepReading(verdict, tired, readings, text, self._progress)
