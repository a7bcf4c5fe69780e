"""The phases, and that docs/safe-side.md says the same."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.release.phases import PHASES, STEPS, safe_side, way_back

DOCUMENT = (Path(__file__).parents[5] / "docs" / "safe-side.md").read_text(encoding="utf-8")


def table(first_column: str) -> list[list[str]]:
    """Rows of the table that begins with this column, without its head."""
    lines = DOCUMENT.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" `") for cell in line.strip("|").split("|")])
    return rows


def test_the_document_has_every_phase_in_order() -> None:
    assert tuple(row[0] for row in table("phase")) == PHASES


@pytest.mark.parametrize("row", table("phase"), ids=lambda row: row[0])
def test_the_document_says_what_the_code_does(row: list[str]) -> None:
    phase, _stable, side, steps, why = row
    assert safe_side(phase) == ("" if side == "none" else side)
    assert way_back(phase, "canary") == (() if steps == "nothing" else tuple(steps.split(", ")))
    assert why.endswith(".") and len(why.split()) > 8


def test_the_document_explains_every_step() -> None:
    assert tuple(row[0] for row in table("step")) == STEPS


def test_traffic_is_first_and_tidying_up_is_last() -> None:
    for phase in PHASES:
        steps = way_back(phase, "canary")
        assert list(steps) == sorted(steps, key=STEPS.index)
        assert len(set(steps)) == len(steps)


def test_a_canary_that_is_the_safe_side_is_not_removed_before_traffic_has_returned() -> None:
    on_canary = [phase for phase in PHASES if safe_side(phase) == "canary"]
    assert on_canary == ["promoting", "returning"]
    for phase in on_canary:
        steps = way_back(phase, "canary")
        assert steps.index("helm_rollback") < steps.index("return") < steps.index("remove_canary")


@pytest.mark.parametrize("phase", PHASES)
def test_rolling_has_one_way_back_wherever_something_was_changed(phase: str) -> None:
    expected = () if phase in ("checked", "done") else ("helm_rollback", "restore_pins")
    assert way_back(phase, "rolling") == expected


@pytest.mark.parametrize("ask", [safe_side, lambda phase: way_back(phase, "canary")])
def test_a_phase_that_does_not_exist_is_refused_with_what_may_be_meant(ask: object) -> None:
    assert callable(ask)
    said = re.escape("Phase 'bakin' does not exist (did you mean 'baking'?); allowed are checked,")
    with pytest.raises(Refused, match=said):
        ask("bakin")
    with pytest.raises(Refused, match="Phase '' does not exist; allowed"):
        ask("")
