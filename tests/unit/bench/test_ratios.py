"""The arithmetic that the benches tell their numbers by."""
from __future__ import annotations

import pytest

from tests.bench.ratios import Estimate, Goal, inverse, mean, ratio, slope


def test_a_mean_has_an_interval_from_three_rounds_on() -> None:
    assert mean([1.0, 3.0]) == Estimate(2.0)
    found = mean([1.0, 2.0, 3.0])
    # By hand: deviation 1, two degrees of freedom, 4.303 / sqrt(3).
    assert found.value == 2.0
    assert (found.low, found.high) == (pytest.approx(-0.4843, abs=1e-3), pytest.approx(4.4843, abs=1e-3))


def test_many_rounds_use_the_last_quantile() -> None:
    found = mean([0.0, 1.0] * 50)
    assert found.high is not None and found.high - found.value == pytest.approx(2.086 * 0.50252 / 10, rel=1e-3)


def test_a_ratio_compares_round_by_round() -> None:
    """What makes both sides slow in one round does not make the ratio uncertain."""
    found = ratio([10.0, 20.0, 40.0], [5.0, 10.0, 20.0])
    assert (found.value, found.low, found.high) == (pytest.approx(2), pytest.approx(2), pytest.approx(2))
    assert ratio([2.0], [1.0]) == Estimate(2.0)
    assert ratio([1.0, 4.0], [1.0, 1.0]).value == pytest.approx(2.0), "twice and half as much cancel"


def test_one_long_round_may_stand_against_many_short_ones() -> None:
    assert ratio([10.0, 10.0, 10.0], [300.0]).value == pytest.approx(1 / 30)
    assert inverse(ratio([300.0], [10.0, 10.0])).value == pytest.approx(1 / 30)


@pytest.mark.parametrize(
    ("ours", "theirs"), [([], [1.0]), ([1.0], []), ([1.0, 2.0], [1.0, 2.0, 3.0]), ([0.0], [1.0]), ([1.0], [-1.0])]
)
def test_what_cannot_be_compared_is_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="round|above 0|nothing"):
        ratio(ours, theirs)


def test_the_inverse_turns_the_interval_round() -> None:
    assert inverse(Estimate(0.5, 0.25, 1.0)) == Estimate(2.0, 1.0, 4.0)
    assert inverse(Estimate(0.5)) == Estimate(2.0)


@pytest.mark.parametrize(
    ("goal", "estimate", "holds"),
    [
        (Goal("≤", 1.5), Estimate(1.4), True),
        (Goal("≤", 1.5), Estimate(1.6, 1.4, 1.8), False),
        (Goal("≥", 30), Estimate(31.0), True),
        (Goal("≥", 30), Estimate(29.0, 20.0, 40.0), False),
        (Goal("≤", 1.0), Estimate(1.1, 0.9, 1.3), True),
        (Goal("≤", 1.0), Estimate(1.1, 1.01, 1.2), False),
        (Goal("≤", 1.0), Estimate(1.1), False),
    ],
)
def test_a_goal_is_held_against_the_estimate_and_not_slower_against_its_interval(
    goal: Goal, estimate: Estimate, holds: bool
) -> None:
    assert goal.holds(estimate) is holds


def test_what_one_more_costs_is_the_slope() -> None:
    assert slope([(1, 100.0), (5, 120.0), (9, 140.0)]) == pytest.approx(5.0)
    with pytest.raises(ValueError, match="two different"):
        slope([(1, 100.0), (1, 120.0)])
