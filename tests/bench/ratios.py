"""The arithmetic of the benches: means, ratios of rounds, and how sure they are."""
from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t: two-sided 95 %, by degrees of freedom; beyond the last one it hardly changes any more.
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
       2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)  # fmt: skip
ENOUGH = 3  # rounds from which on an interval is told
SIGNS = {"≤": operator.le, "≥": operator.ge}


@dataclass(frozen=True)
class Estimate:
    """A number, and the 95 % interval around it where there were enough rounds."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Goal:
    """``≤ 1.5`` or ``≥ 30``, with the unit that it is told in."""

    sign: str
    number: float
    unit: str = "×"

    def __str__(self) -> str:
        return f"{self.sign} {self.number:g}{'' if self.unit == '×' else ' '}{self.unit}"

    def holds(self, estimate: Estimate) -> bool:
        """Whether the estimate is on the right side.

        "Not slower" (1.0×) cannot be shown by an estimate, which falls on either side by chance when both are equal:
        there the interval has to reach the right side.
        """
        right = SIGNS[self.sign]
        bound = estimate.low if self.sign == "≤" else estimate.high
        best = estimate.value if bound is None or self.number != 1.0 else bound
        return bool(right(best, self.number))


def mean(values: Sequence[float]) -> Estimate:
    """:raises ValueError: there are none"""
    if not values:
        raise ValueError("the mean of nothing")
    middle = statistics.fmean(values)
    if len(values) < ENOUGH:
        return Estimate(middle)
    half = _t(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(middle, middle - half, middle + half)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """``ours`` / ``theirs``: the geometric mean over rounds, each of which has measured both.

    One side may have a single round, where a round takes too long to be repeated: then all rounds of the other are
    compared with it, and the interval knows nothing of how that one varies.

    :raises ValueError: different numbers of rounds, none, or a time that is not above 0
    """
    if not ours or not theirs or (len(ours) != len(theirs) and 1 not in (len(ours), len(theirs))):
        raise ValueError(f"{len(ours)} rounds cannot be compared with {len(theirs)}")
    if min(*ours, *theirs) <= 0:
        raise ValueError("a ratio needs numbers above 0")
    rounds = max(len(ours), len(theirs))
    pairs = zip(list(ours) * (rounds // len(ours)), list(theirs) * (rounds // len(theirs)), strict=True)
    logs = mean([math.log(one / other) for one, other in pairs])
    if logs.low is None or logs.high is None:
        return Estimate(math.exp(logs.value))
    return Estimate(math.exp(logs.value), math.exp(logs.low), math.exp(logs.high))


def inverse(estimate: Estimate) -> Estimate:
    """``theirs`` / ``ours`` of ``ours`` / ``theirs``: "30 × sooner"."""
    if estimate.low is None or estimate.high is None:
        return Estimate(1 / estimate.value)
    return Estimate(1 / estimate.value, 1 / estimate.high, 1 / estimate.low)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """What one more x adds to y: the line of least squares.

    :raises ValueError: fewer than two different x
    """
    if len({x for x, _ in points}) < 2:
        raise ValueError("a slope needs two different places")
    return float(statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope)


def _t(freedom: int) -> float:
    return T95[min(freedom, len(T95)) - 1]
