"""Limits as people write them, and that what is said of a number is true of what is shown of it."""
from __future__ import annotations

import math
import operator
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.analysis import units
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.units import Limit
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "units.yml").read_text())
HOLDS = {
    ">": operator.gt, "≥": operator.ge, "<": operator.lt, "≤": operator.le, "=": operator.eq, "≠": operator.ne,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["text"])
def test_what_a_limit_says(case: dict[str, Any]) -> None:
    limit = Limit.parse(case["text"], breach=case["field"] == "breach")
    assert (limit.sign, limit.number, limit.unit) == (case["sign"], case["number"], case["unit"])
    assert limit.bound == case["bound"]
    assert limit.upper is case["upper"]


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: repr(case["text"]))
@pytest.mark.parametrize("breach", [True, False])
def test_what_is_no_limit(case: dict[str, Any], breach: bool) -> None:
    with pytest.raises(Refused) as raised:
        Limit.parse(case["text"], breach)
    assert case["says"] in raised.value.message


@pytest.mark.parametrize("case", CASES["breached"], ids=lambda case: f"{case['told']} ({case['value']})")
def test_where_it_is_breached_and_how_that_is_told(case: dict[str, Any]) -> None:
    limit = Limit.parse(case.get("breach", case.get("pass")), breach="breach" in case)
    assert limit.breached(case["value"]) is case["is"]
    assert limit.describe(case["value"]) == case["told"]


@pytest.mark.parametrize("sign", [">", ">=", "<", "<=", "==", "!="])
@pytest.mark.parametrize("value", [0.049, 0.05, 0.051, -1.0, 0.0, 7.0])
def test_a_breach_is_what_does_not_pass(sign: str, value: float) -> None:
    """The same comparison in the two fields says opposite things of each value."""
    text = f"{sign} 5 %"
    assert Limit.parse(text, breach=True).breached(value) is not Limit.parse(text, breach=False).breached(value)


@pytest.mark.parametrize("unit", units.UNITS)
def test_what_is_told_is_true_of_the_numbers_that_are_shown(unit: str) -> None:
    """However near to the limit a value is, nobody reads "5 % > 5 %"."""
    dice = random.Random(7)
    for _ in range(400):
        number = dice.choice([f"{dice.uniform(0, 1000):.{dice.randrange(4)}f}", "5", "250", "0.1", "99.9"])
        limit = Limit.parse(f"{dice.choice(['>', '>=', '<', '<='])} {number} {unit}", breach=dice.random() < 0.5)
        value = limit.bound * dice.choice([1.0, 1 + 10 ** -dice.uniform(1, 15), 1 - 10 ** -dice.uniform(1, 15)])
        left, sign, right = (word for word in limit.describe(value).split() if word not in units.UNITS)
        assert HOLDS[sign](float(left), float(right)), (limit, value)


@pytest.mark.parametrize("case", CASES["plain"], ids=lambda case: case["text"])
def test_numbers_as_people_read_them(case: dict[str, Any]) -> None:
    assert units.plain(case["value"]) == case["text"]


def test_more_digits_where_they_count() -> None:
    assert units.plain(5.0001, 5) == "5.0001"
    assert units.plain(5.0001) == "5"
    assert units.plain(math.nan) == "nan"


@pytest.mark.parametrize("case", CASES["minutes"], ids=lambda case: str(case["seconds"]))
def test_minutes_and_seconds(case: dict[str, Any]) -> None:
    assert units.minutes(case["seconds"]) == case["text"]
