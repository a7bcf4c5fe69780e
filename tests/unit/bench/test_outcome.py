"""The table in the end, and what is kept of it."""
from __future__ import annotations

import pytest

from tests.bench.outcome import Row, digits, seconds, shown, table
from tests.bench.ratios import Estimate, Goal

REACHED = Row("rolling", "a release", "12.0 s", "script: 10.0 s", Estimate(1.2, 1.1, 1.3), Goal("≤", 1.5), "as told")
MISSED = Row("door_cost", "memory", "300 MB", ratio=Estimate(300.0), goal=Goal("≤", 250, "MB"))
STATED = Row("door_cost", "a call", "12 ms")


def test_a_row_says_whether_its_goal_is_reached() -> None:
    assert [row.verdict for row in (REACHED, MISSED, STATED)] == ["reached", "missed", ""]
    assert Row("conviction", "breach", "1 s", goal=Goal("≤", 1.0)).verdict == "", "nothing to compare with"


def test_the_table_is_markdown_with_columns_that_stand_below_each_other() -> None:
    lines = table([REACHED, MISSED, STATED]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert set(lines[1]) <= set("|- ")
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "rolling", "a release", "12.0 s", "script: 10.0 s", "1.20× (1.10 to 1.30)", "≤ 1.5×", "reached · as told",
    ]  # fmt: skip
    assert "300 MB" in lines[3] and "≤ 250 MB" in lines[3] and "missed" in lines[3]


def test_what_is_kept_has_the_numbers_and_the_verdict() -> None:
    assert REACHED.data()["ratio"] == {"value": 1.2, "low": 1.1, "high": 1.3}
    assert (MISSED.data()["verdict"], STATED.data()["ratio"]) == ("missed", None)


@pytest.mark.parametrize(
    ("number", "told"), [(0.0123, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (-0.5, "-0.500")]
)
def test_digits_are_those_that_matter(number: float, told: str) -> None:
    assert digits(number) == told


def test_times_are_told_with_their_range() -> None:
    assert seconds([12.0]) == "12.0 s"
    assert seconds([10.0, 14.0]) == "12.0 s (10.0 to 14.0)"
    assert shown(Estimate(2.0), "×") == "2.00×"
