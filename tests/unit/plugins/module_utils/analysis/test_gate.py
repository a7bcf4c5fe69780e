"""Gates as data: what can be read, what is refused by name, and queries that are filled in."""
from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.analysis import gate as gates
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate, fill
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.units import Limit
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "gate.yml").read_text())
BASE: dict[str, Any] = {"name": "error rate", "query": "up", "breach": "> 5 %"}
PLACE = "release_gates[1]"
DOCUMENT = Path(__file__).parents[5] / "docs" / "gates.md"


def data(case: dict[str, Any]) -> dict[str, Any]:
    taken = {key: value for key, value in BASE.items() if key not in case.get("without", [])}
    return {**taken, **case.get("change", {})}


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["name"])
def test_what_a_gate_says(case: dict[str, Any]) -> None:
    given = data(case)
    field = "breach" if "breach" in given else "pass"
    values = {"name": "error rate", "query": "up", **case["gate"]}
    values["phases"] = tuple(values.get("phases", gates.PHASES))
    assert Gate.parse(given, PLACE) == Gate(limit=Limit.parse(given[field], field == "breach"), **values)


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["says"])
def test_what_is_no_gate(case: dict[str, Any]) -> None:
    """It names the place, the field, its value and what is allowed, and ends as a sentence."""
    with pytest.raises(Refused) as raised:
        Gate.parse(case["gate"] if "gate" in case else data(case), PLACE)
    says = case["says"] if case["says"].startswith(PLACE) else f"{PLACE} 'error rate': {case['says']}"
    assert raised.value.message.startswith(says)
    assert raised.value.message.endswith(".") and not raised.value.message.endswith("..")


@pytest.mark.parametrize("field", ["query", "errors", "total", "sample", "window", "minimum", "against", "form", "for",
                                   "warmup", "severity", "phases", "breach", "pass"])  # fmt: skip
@pytest.mark.parametrize("value", [None, True, -1, float("nan"), float("inf"), [], {}, [[]], {"x": 1}, b"5", object()])
def test_a_value_of_any_kind_is_refused_by_name(field: str, value: object) -> None:
    """Never by a TypeError out of the middle: that would end a run in other words."""
    with pytest.raises(Refused) as raised:
        Gate.parse({**BASE, field: value}, PLACE)
    assert raised.value.message.startswith(f"{PLACE} 'error rate': ")


def test_a_gate_is_not_changed_by_what_it_was_made_of() -> None:
    given: dict[str, Any] = {**BASE, "phases": ["baking"]}
    gate = Gate.parse(given, PLACE)
    given["phases"].append("shifting")
    assert gate.phases == ("baking",)
    with pytest.raises(dataclasses.FrozenInstanceError):
        gate.minimum = 7.0  # type: ignore[misc]


@pytest.mark.parametrize("case", CASES["fill"], ids=lambda case: case["query"])
def test_queries_are_filled_literally(case: dict[str, Any]) -> None:
    assert fill(case["query"], case["facts"], case.get("window", "")) == case["filled"]


def test_a_query_that_cannot_be_filled_is_not_asked() -> None:
    with pytest.raises(Refused, match=r"Placeholder \{revision\} is not known here; known are side, window\."):
        fill("up{{revision}}", {"side": "canary"}, "10s")


def test_the_document_names_what_there_is() -> None:
    text = DOCUMENT.read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {word for row in rows for word in row.split("`")[1::2]}
    with pytest.raises(Refused) as raised:
        Gate.parse({**BASE, "x": 1}, PLACE)
    assert named == set(raised.value.message.split("allowed are ")[1].rstrip(".").split(", "))
    for word in (*gates.SEVERITIES, *gates.PHASES, *gates.FORMS[1:], *(f"{{{each}}}" for each in gates.PLACEHOLDERS)):
        assert f"`{word}`" in text
