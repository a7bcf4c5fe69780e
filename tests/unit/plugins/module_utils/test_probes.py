"""Probes as data: what is refused, and what an answer has to say."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import probes
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.probes import Probe, bid_probe, database_probe, normalise

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "probes.yml").read_text())
GOOD: dict[str, Any] = {"name": "health", "service": "shop", "port": 8080}


def failed(expect: list[str], body: Any = None, text: str = "", **more: Any) -> tuple[str, ...]:
    probe = Probe.parse({**GOOD, "expect": expect})
    context = more.pop("context", {"version": "1.4.0"})
    return probe.failed(more.pop("status", 200), more.pop("headers", {}), text or json.dumps(body), context)


@pytest.mark.parametrize("case", CASES["health"], ids=lambda case: case["name"])
def test_three_shapes_are_one(case: dict[str, Any]) -> None:
    assert normalise(case["body"]) == case["health"]


@pytest.mark.parametrize("case", CASES["expect"], ids=lambda case: case["name"])
def test_what_is_expected_of_each_shape(case: dict[str, Any]) -> None:
    expect = list(getattr(probes, case["expect"]))
    assert failed(expect, case["body"]) == tuple(expect[number] for number in case["failed"])


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["says"])
def test_what_is_not_a_probe(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        Probe.parse({**GOOD, **case["change"]})
    assert case["says"] in raised.value.message


def test_one_field_is_enough_where_the_others_have_a_default() -> None:
    probe = Probe.parse(GOOD)
    assert (probe.via, probe.path, probe.method, probe.status, probe.attempts) == ("service", "/", "GET", (200,), 1)
    assert Probe.parse({"name": "x", "via": "url", "url": "http://shop/"}).port == ""
    assert Probe.parse({"name": "x", "via": "pod", "selector": "app=shop", "port": "http"}).pod == ""


def test_an_expectation_sees_all_of_the_answer() -> None:
    assert failed(
        [
            "status == `200`", "headers.\"x-version\" == context.version", "contains(text, 'id')", "body.id == 'b1'",
            "context.target == 'shop-eu'",
        ],
        {"id": "b1"}, headers={"X-Version": "1.4.0"}, context={"version": "v1.4.0", "target": "shop-eu"},
    ) == ()  # fmt: skip


def test_a_metrics_page_is_text() -> None:
    page = "# TYPE shop_requests_total counter\nshop_requests_total{code=\"200\"} 7\n"
    assert failed(["contains(text, 'shop_requests_total')", "body == `null`"], text=page) == ()


@pytest.mark.parametrize("expectation", [
    "body.status", "body.count", "starts_with(body.count, 'x')", "body.none > `3`", "length(body.count) > `0`",
    "body.status == `true`",
])  # fmt: skip
def test_only_true_holds(expectation: str) -> None:
    """Neither a value that is there, nor what cannot be evaluated."""
    assert failed([expectation], {"status": "ok", "count": 7}) == (expectation,)


@pytest.mark.parametrize(("version", "plain"), [
    ("v1.2.3", "1.2.3"), ("1.2.3", "1.2.3"), ("vanilla", "vanilla"), (7, "7"), ("", ""),
])  # fmt: skip
def test_the_letter_of_a_version_is_taken_off(version: Any, plain: str) -> None:
    assert probes.plain_version(version) == plain


def test_a_bid_is_asked_for_as_exchanges_do() -> None:
    probe = Probe.parse(bid_probe("bidder", 8081))
    assert (probe.of, probe.method, probe.path, probe.port, probe.status) == ("bid", "POST", "/bid", 8081, (200,))
    assert probe.body["id"] == "test-deployment-validation"
    assert probe.body["imp"] == [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.1}]
    assert set(probe.body) == {"id", "imp", "site", "device"}


def test_the_database_is_asked_for_through_the_service() -> None:
    probe = Probe.parse(database_probe("bidder"))
    assert (probe.of, probe.method, probe.path, probe.timeout) == ("database", "GET", "/health/database", 10.0)
