"""Evidence out of queries: one shape for numbers, gaps and outages, and nothing that is no number becomes one."""
from __future__ import annotations

import itertools
import threading
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.watch import Evidence, GateWatch, StepWatch
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.collect import Collector
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.prometheus import (
    Prometheus,
    ProviderError,
    Series,
)
from tests.unit.api_server import ApiServer
from tests.unit.clock import FakeClock

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "collect.yml").read_text())
SIDES = {"stable": {"side": "stable"}, "canary": {"side": "canary"}}
ERRORS = {"unreachable": Unreachable("no answer in time."), "refused": ProviderError("parse error.")}


class Known:
    """A provider that knows some queries; what it was asked stands in ``asked``."""

    def __init__(self, yields: dict[str, Any]) -> None:
        self.yields = yields
        self.asked: list[str] = []

    def instant(self, query: str) -> list[Series]:
        self.asked.append(query)
        found = self.yields[query]
        if isinstance(found, str):
            raise ERRORS[found]
        return [Series({"number": str(number)}, value, 1.0) for number, value in enumerate(found)]


def collector(yields: dict[str, Any]) -> Collector:
    return Collector(Known(yields), FakeClock())


def gate(name: str = "g", **more: Any) -> Gate:
    return Gate.parse({"name": name, "breach": "> 5 %", **more}, "gate")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_found(case: dict[str, Any]) -> None:
    facts = {side: SIDES[side] for side in case.get("facts", SIDES)}
    found = collector(case["yields"]).evidence(gate(**case["gate"]), facts, case.get("judged", "canary"))
    assert found == Evidence(**case["finds"])


@pytest.mark.parametrize("case", [case for case in CASES if "problem" in case["finds"]], ids=lambda case: case["name"])
def test_a_problem_never_passes_and_never_convicts(case: dict[str, Any]) -> None:
    facts = {side: SIDES[side] for side in case.get("facts", SIDES)}
    wanted = gate(**case["gate"])
    found = collector(case["yields"]).evidence(wanted, facts, case.get("judged", "canary"))
    assert GateWatch(wanted).look(0, found).verdict in (Verdict.NODATA, Verdict.ERROR)


def test_nothing_that_queries_can_yield_passes_without_requests() -> None:
    """Whatever a total and its errors yield: PASS needs requests that were counted, and few errors or none."""
    wanted = gate(errors="e", total="t")
    yields = [[], [float("nan")], [float("inf")], [0], [1], [100], [1, 1], "unreachable", "refused"]
    passing = [
        (errors, total)
        for errors, total in itertools.product(yields, repeat=2)
        if GateWatch(wanted).look(0, collector({"e": errors, "t": total}).evidence(wanted, SIDES, "canary")).verdict
        is Verdict.PASS
    ]
    assert passing == [([], [1]), ([], [100]), ([0], [1]), ([0], [100]), ([1], [100])]


def test_a_look_at_several_gates() -> None:
    gates = (gate("a", query="qa {side}"), gate("b", query="qb {side}"), gate("c", errors="e", total="t"))
    found = collector({"qa canary": [1], "qb canary": "unreachable", "e": [], "t": [5]}).look(gates, SIDES, "canary")
    assert found == {
        "a": Evidence(1.0), "b": Evidence(problem="error", text="is not known: no answer in time"),
        "c": Evidence(0.0, 5.0),
    }  # fmt: skip


def test_nothing_is_asked_where_there_are_no_gates() -> None:
    provider = Known({})
    assert Collector(provider, FakeClock()).look((), SIDES, "canary") == {}
    assert provider.asked == []


def test_an_outage_is_asked_about_once_a_gate() -> None:
    """Not once a query: each of them may cost a time-out."""
    provider = Known(dict.fromkeys(("s", "q"), "unreachable"))
    wanted = gate(query="q", sample="s", against="stable", form="delta")
    Collector(provider, FakeClock()).evidence(wanted, SIDES, "canary")
    assert provider.asked == ["s"]


def test_queries_of_a_look_run_at_the_same_time() -> None:
    """Each waits for the others: one after the other none would ever come back."""
    together = threading.Barrier(12, timeout=20)

    class Meeting(Known):
        def instant(self, query: str) -> list[Series]:
            together.wait()
            return super().instant(query)

    gates = tuple(gate(f"g{number}", query=f"q{number}") for number in range(12))
    provider = Meeting({f"q{number}": [number] for number in range(12)})
    found = Collector(provider, FakeClock()).look(gates, SIDES, "canary")
    assert found == {f"g{number}": Evidence(float(number)) for number in range(12)}


@pytest.mark.parametrize("number", [1, 9, 25])
def test_each_gate_gets_its_own_answer(number: int) -> None:
    gates = tuple(gate(f"g{each}", query=f"q{each}") for each in range(number))
    found = collector({f"q{each}": [each] for each in range(number)}).look(gates, SIDES, "canary")
    assert found == {f"g{each}": Evidence(float(each)) for each in range(number)}


# Counts for the eyes of people


def test_counts_of_both_sides() -> None:
    yields = {"n stable 10s": [3690.4], "n canary 10s": [412]}
    assert collector(yields).counts("n {side} {window}", SIDES) == {"stable": 3690.4, "canary": 412.0}


@pytest.mark.parametrize("yields", [[], [float("nan")], [1, 2], "unreachable", "refused"])
def test_a_count_that_is_not_known_is_left_out(yields: Any) -> None:
    assert collector({"n stable": [7], "n canary": yields}).counts("n {side}", SIDES) == {"stable": 7.0, "canary": None}


def test_a_count_that_cannot_be_asked_is_none() -> None:
    assert collector({}).counts("n {revision}", SIDES) == {"stable": None, "canary": None}


# With Prometheus itself


@pytest.mark.parametrize(("code", "body", "verdict"), [
    (200, {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "0.01"]}]}},
     Verdict.PASS),
    (200, {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "0.5"]}]}},
     Verdict.FAIL),
    (200, {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "NaN"]}]}},
     Verdict.NODATA),
    (200, {"status": "success", "data": {"resultType": "vector", "result": []}}, Verdict.NODATA),
    (200, {"status": "success", "data": {"resultType": "matrix", "result": []}}, Verdict.ERROR),
    (200, {"status": "success"}, Verdict.ERROR),
    (400, {"status": "error", "errorType": "bad_data", "error": "parse error"}, Verdict.ERROR),
    (503, {"status": "error", "errorType": "timeout", "error": "query timed out"}, Verdict.ERROR),
    (200, b"<html>", Verdict.ERROR),
])  # fmt: skip
def test_from_the_socket_to_the_verdict(code: int, body: Any, verdict: Verdict) -> None:
    with ApiServer() as server:
        server.answer(code, body)
        wanted = gate(query='up{side="{side}"}')
        found = Collector(Prometheus(server.url), FakeClock()).look((wanted,), SIDES, "canary")
        assert urllib.parse.parse_qs(server.requests[0].body) == {"query": ['up{side="canary"}']}
    assert StepWatch([wanted], 0, 60).look(0, found).verdict is verdict


def test_an_outage_on_the_socket_holds() -> None:
    with ApiServer() as server:
        prometheus = Prometheus(server.url, timeout=2)
    wanted = gate(query="up")
    found = Collector(prometheus, FakeClock()).look((wanted,), SIDES, "canary")
    reading = StepWatch([wanted], 0, 60).look(0, found)
    assert (reading.verdict, reading.done) == (Verdict.ERROR, False)
    assert reading.text == "g is not known: Prometheus: no connection"
