"""Two targets in one release: each goes its own way, and both are told apart."""
from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.red.harness import ROOT, Site

CHART = {"helm_release_chart": str(ROOT / "lab/charts/shop")}


@pytest.fixture
def two(site: Site) -> Iterator[tuple[Site, list[str]]]:
    """A second service `cart` of the same chart, reached by a host name of its own."""
    values = site.values(route={"hostnames": ["cart.test"]})
    site.install("cart", values, "1.0.0")
    second = site.place / "second.yml"
    second.write_text(yaml.safe_dump({"kubernetes": {"hosts": {"cart": {"helm_release_values": values}}}}))
    yield site, ["-i", "inventories/lab", "-i", str(second)]
    site.kubectl("delete", "deployments,services,configmaps,secrets", "-l", "releng.runbooks/helm-release=cart")
    site.kubectl("delete", "configmap/release-cart", "lease/release-cart", "--ignore-not-found")
    site.helm("uninstall", "cart", "--wait")


def released(versions: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"release_versions": versions, **CHART, **more}


def test_the_bad_one_is_back_before_the_good_one_has_finished(two: tuple[Site, list[str]]) -> None:
    site, where = two
    slow = {"canary_shift_step_duration": "{{ 30.0 if inventory_hostname == 'shop' else 4.0 }}"}
    bad = site.values(faultsOf={"1.3.0": {"NEVER_READY": "true"}}, route={"hostnames": ["cart.test"]})
    inventory = site.place / "second.yml"
    inventory.write_text(yaml.safe_dump({
        "kubernetes": {"hosts": {"cart": {"helm_release_values": bad, "helm_release_timeout": 8.0}}}
    }))  # fmt: skip
    with site.load():
        started = site.start("release", *where, extra=released({"shop": "1.4.0", "cart": "1.3.0"}, **slow))
        started.wait_until(lambda: site.state("cart").get("weights", {}).get("canary") == 0 and not site.canary("cart")
                           and "is not ready" in started.out)  # fmt: skip
        assert site.weights().get("shop-canary"), "the good one is still on its way"
        run = started.wait(180)
    assert run.code == 2, run.out
    assert site.version() == "1.4.0" and site.version("cart") == "1.0.0"
    assert site.state()["result"] == "released" and site.state("cart")["result"] == "taken_back"
    summary = run.out[run.out.index("PLAY RECAP") :]
    assert "shop  released" in summary and "cart  taken back" in summary


@pytest.mark.extended
def test_more_targets_than_forks(two: tuple[Site, list[str]]) -> None:
    site, where = two
    extra = released({"shop": "1.4.0", "cart": "1.4.0"}, helm_release_strategy="rolling", helm_release_bake=0.0)
    run = site.play("release", *where, "--forks", "1", extra=extra)
    assert run.code == 0, run.out
    assert run.out.count("2 targets and 1 forks: they go in 2 batches") == 1, run.out
    assert site.version() == site.version("cart") == "1.4.0"


@pytest.mark.extended
def test_a_rollback_takes_back_the_newest_release_only(two: tuple[Site, list[str]]) -> None:
    """`cart` was released twenty days ago, `shop` now."""
    site, where = two
    rolling = {"helm_release_strategy": "rolling", "helm_release_bake": 0.0}
    assert site.play("release", *where, extra=released({"cart": "1.4.0"}, **rolling)).code == 0
    state = site.state("cart")
    for one in state["history"]:
        one["at"] = "2026-01-01T00:00:00+00:00"
    data = {"data": {"state.json": json.dumps(state)}}
    site.kubectl("patch", "configmap/release-cart", "--type=merge", "-p", json.dumps(data))
    assert site.play("release", *where, extra=released({"shop": "1.4.0"}, **rolling)).code == 0
    back = site.play("rollback", *where, extra=CHART)
    assert back.code == 0, back.out
    assert site.version() == "1.0.0" and site.version("cart") == "1.4.0"
    again = site.play("rollback", *where, extra=CHART)
    assert again.code == 2 and "candidates" in again.out, again.out
    assert site.version("cart") == "1.4.0"


@pytest.mark.extended
def test_one_target_is_held_and_the_other_is_not_begun(two: tuple[Site, list[str]]) -> None:
    """All or none: nobody is released where somebody was refused."""
    site, where = two
    with site.load():
        started = site.start_release("1.4.0", canary_shift_step_duration=60.0)
        started.wait_for("canary 20 % (measured")
        run = site.play("release", *where, extra=released({"shop": "1.3.0", "cart": "1.4.0"}))
        assert run.code == 2 and "is being released by" in run.out, run.out
        assert site.version("cart") == "1.0.0" and site.canary("cart") == []
        started.signal(signal.SIGINT, group=True)
        started.wait(60)
    assert site.play("rollback").code == 0
