"""A version that cannot come up is named within seconds, and the old one goes on serving."""
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.red.harness import Site

CASES: dict[str, tuple[dict[str, str], str]] = {
    "it crashes soon after it was ready": ({"CRASH_AFTER_S": "6"}, "crashed"),
    "it is never ready": ({"NEVER_READY": "true"}, "is not ready"),
}


def bad(site: Site, faults: dict[str, str]) -> dict[str, Any]:
    """Variables with which version 1.4.0 has ``faults``."""
    return {"helm_release_values": site.values(faultsOf={"1.4.0": faults})}


@pytest.mark.parametrize("what", CASES)
def test_the_cause_is_named_and_the_old_version_serves(site: Site, what: str) -> None:
    faults, named = CASES[what]
    before = site.revision()
    extra = {**bad(site, faults), "helm_release_timeout": 40.0}
    with site.load():
        run = site.release("1.4.0", extra=extra)
    assert run.code == 2 and named in run.out, run.out
    assert site.canary() == [] and site.revision() == before and site.version() == "1.0.0"


def test_latency_convicts_too(site: Site) -> None:
    with site.load():
        run = site.release("1.4.0", extra=bad(site, {"LATENCY_MS": "400"}))
    assert run.code == 2 and "p95" in run.out and "> 250 ms" in run.out, run.out
    assert site.canary() == [] and site.version() == "1.0.0"


def test_no_data_neither_advances_nor_convicts(site: Site) -> None:
    """Without requests no gate can say anything: the step holds, and after its patience traffic goes back."""
    run = site.release("1.4.0", extra={"canary_shift_patience": 5.0})
    assert run.code == 2 and "NODATA" in run.out and "All traffic is on stable" in run.out, run.out
    assert site.version() == "1.0.0"



@pytest.mark.parametrize(
    ("query", "named"),
    [
        pytest.param("vector(0) / 0", "the answer is nan", id="NaN"),
        pytest.param('up{job=~".+"}', "series", id="several series", marks=pytest.mark.extended),
        pytest.param("absent_metric_of_nobody", "NODATA", id="no series", marks=pytest.mark.extended),
    ],
)
def test_what_is_no_evidence_neither_advances_nor_convicts(site: Site, query: str, named: str) -> None:
    gates = [{"name": "odd", "query": query, "breach": "> 5"}]
    with site.load():
        run = site.release("1.4.0", extra={"release_gates": gates, "canary_shift_patience": 3.0})
    assert run.code == 2 and named in run.out and "All traffic is on stable" in run.out, run.out
    assert "canary 100 %" not in run.out and site.version() == "1.0.0" and site.canary() == []


def test_an_image_that_is_missing_is_named_by_the_cluster_too(site: Site) -> None:
    """Where the check of the registry was overridden, the node says it; nobody waits for the end of a time limit."""
    overrides = {"image": "the registry cannot be asked from here"}
    run = site.release("9.9.9", extra={"precheck_overrides": overrides, "helm_release_timeout": 200.0})
    assert run.code == 2 and "9.9.9" in run.out and "not found" in run.out, run.out
    assert "the registry cannot be asked from here" in run.out
    assert site.canary() == [] and site.version() == "1.0.0" and site.weights() == {"shop": 1}


def test_a_version_that_hangs_on_shutdown_loses_no_request(site: Site) -> None:
    """It drains before the signal, and is killed at the end of its grace period; the way back waits for it."""
    with site.load() as counts:
        good = site.release("1.4.0", extra=bad(site, {"HANG_ON_TERM": "true"}))
        assert good.code == 0, good.out
        back = site.play("rollback")
        assert back.code == 0, back.out
    assert site.version() == "1.0.0" and json.loads(counts.read_text())["lost"] == 0
