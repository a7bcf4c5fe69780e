"""A version that cannot come up is named within seconds, and the old one goes on serving."""
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.red.harness import Site

CASES: dict[str, tuple[dict[str, str], str]] = {
    "it crashes soon after it was ready": ({"CRASH_AFTER_S": "2"}, "crashed"),
    "it is never ready": ({"NEVER_READY": "true"}, "is not ready"),
}


@pytest.mark.parametrize("what", CASES)
def test_the_cause_is_named_and_the_old_version_serves(site: Site, what: str) -> None:
    faults, named = CASES[what]
    before = site.revision()
    extra: dict[str, Any] = {"helm_release_values": _values(site, faults), "helm_release_timeout": 40.0}
    with site.load():
        run = site.release("1.4.0", extra=extra)
    assert run.code == 2 and named in run.out, run.out
    assert site.canary() == [] and site.revision() == before and site.version() == "1.0.0"


def test_latency_convicts_too(site: Site) -> None:
    with site.load():
        run = site.release("1.4.0", extra={"helm_release_values": _values(site, {"LATENCY_MS": "400"})})
    assert run.code == 2 and "p95" in run.out and "> 250 ms" in run.out, run.out
    assert site.canary() == [] and site.version() == "1.0.0"


def test_no_data_neither_advances_nor_convicts(site: Site) -> None:
    """Without requests no gate can say anything: the step holds, and after its patience traffic goes back."""
    run = site.release("1.4.0", extra={"canary_shift_patience": 5.0})
    assert run.code == 2 and "NODATA" in run.out and "All traffic is on stable" in run.out, run.out
    assert site.version() == "1.0.0"


def _values(site: Site, faults: dict[str, str]) -> dict[str, Any]:
    values = json.loads((site.place / "values.json").read_text())
    del values["image"]["tag"]
    return {**values, "faultsOf": {"1.4.0": faults}}
