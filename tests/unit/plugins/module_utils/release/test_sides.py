"""Stable and canary: how their pods are told apart in queries, and how many are ready."""
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.release import sides
from tests.unit.fake_kube import FakeKube
from tests.unit.plugins.module_utils.release.world import deployment


def replica_set(kube: FakeKube, owner: str, digest: str, revision: int) -> None:
    found = kube.peek("Deployment", owner)
    assert found is not None
    kube.add({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {
            "name": f"{owner}-{digest}", "labels": {"app": owner, sides.HASH: digest},
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": [{"uid": found["metadata"]["uid"]}],
        }, "spec": {},
    })  # fmt: skip


def facts(kube: FakeKube, workload: str, side: str) -> dict[str, str]:
    return sides.facts(kube, workload, side, "1.4.0", 3)


def test_a_side_has_a_workload_of_its_own() -> None:
    assert [sides.workload_of(side, "shop") for side in (sides.STABLE, sides.CANARY)] == ["shop", "shop-canary"]


def test_placeholders_stand_for_the_pods_of_the_newest_replica_set() -> None:
    kube = FakeKube()
    kube.add(deployment("shop"))
    for number, digest in ((9, "6d5c4f7b9"), (10, "7f9cbd5d6"), (2, "zzzz")):
        replica_set(kube, "shop", digest, number)
    assert facts(kube, "shop", sides.STABLE) == {
        "side": "stable", "namespace": "shop", "workload": "shop", "version": "1.4.0", "revision": "3",
        "pod_regex": "shop-7f9cbd5d6-[a-z0-9]+",
    }


@pytest.mark.parametrize(("side", "pod", "hit"), [
    ("stable", "shop-7f9cbd5d6-x2x4z", True), ("stable", "shop-canary-7f9cbd5d6-x2x4z", False),
    ("stable", "shop-worker-7f9cbd5d6-x2x4z", False), ("stable", "workshop-7f9cbd5d6-x2x4z", False),
    ("canary", "shop-canary-7f9cbd5d6-x2x4z", True), ("canary", "shop-7f9cbd5d6-x2x4z", False),
])  # fmt: skip
def test_without_a_replica_set_the_sides_are_still_told_apart(side: str, pod: str, hit: bool) -> None:
    assert bool(re.fullmatch(facts(FakeKube(), "shop", side)["pod_regex"], pod)) is hit


def test_a_dot_in_a_name_is_a_dot_and_needs_no_backslash() -> None:
    """PromQL reads a backslash in quotes as an escape, and refuses this one."""
    pattern = facts(FakeKube(), "shop.v1", sides.STABLE)["pod_regex"]
    assert "\\" not in pattern
    assert re.fullmatch(pattern, "shop.v1-7f9cbd5d6-x2x4z")
    assert not re.fullmatch(pattern, "shopxv1-7f9cbd5d6-x2x4z")


@pytest.mark.parametrize(("status", "count"), [
    ({"availableReplicas": 3}, 3), ({"availableReplicas": None}, 0), ({}, 0), (None, 0),
])  # fmt: skip
def test_available_pods_count(status: dict[str, Any] | None, count: int) -> None:
    kube = FakeKube()
    made = deployment("shop")
    made.pop("status")
    kube.add(made if status is None else {**made, "status": status})
    assert sides.ready(kube, "shop", sides.STABLE) == count


def test_a_side_that_is_not_there_has_none_and_an_outage_says_nothing() -> None:
    kube = FakeKube()
    assert sides.ready(kube, "shop", sides.CANARY) == 0
    kube.fail_next("get", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        sides.ready(kube, "shop", sides.CANARY)
