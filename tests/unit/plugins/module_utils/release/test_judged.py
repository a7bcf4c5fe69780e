"""While gates are watched: a container that ends is a verdict, a pod that is not ready keeps anybody from passing."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.release.judged import JudgedPods
from tests.unit.fake_kube import FakeKube

SINCE = datetime.datetime(2026, 1, 2, 3, 0, tzinfo=datetime.UTC)
SELECTOR = {"matchLabels": {"app": "shop"}}


def ended(at: str, code: int = 3, **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "finishedAt": at, **more}}


def kube_with(container: dict[str, Any], available: int = 1, **metadata: Any) -> FakeKube:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available}
    owned = {"labels": {"app": "shop"}}
    kube = FakeKube()
    kube.add(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "uid": "d", "generation": 1},
         "spec": {"replicas": 1, "selector": SELECTOR}, "status": status},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {},
         "metadata": {"name": "shop-1", "uid": "r", "ownerReferences": [{"uid": "d"}], **owned}},
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "app"}]},
         "metadata": {"name": "shop-1-a", "uid": "p", "ownerReferences": [{"uid": "r"}], **owned, **metadata},
         "status": {
             "phase": "Running", "conditions": [{"type": "Ready", "status": "True" if available else "False"}],
             "containerStatuses": [{"name": "app", "image": "shop:2", "restartCount": 0, **container}]}},
    )  # fmt: skip
    return kube


RUNNING = {"state": {"running": {}}, "ready": True}


def test_all_is_well() -> None:
    assert JudgedPods(kube_with(RUNNING), "shop", SINCE).look() == ""


def test_a_container_that_ended_and_runs_again_is_named_with_its_last_line() -> None:
    again = {**RUNNING, "restartCount": 1, "lastState": ended("2026-01-02T03:00:05Z")}
    kube = kube_with(again)
    kube.log("shop-1-a", "starting\nfatal: no more\n", previous=True)
    with pytest.raises(RunbookError) as raised:
        JudgedPods(kube, "shop", SINCE).look()
    assert raised.value.message == (
        "CrashLoop: container app of pod shop-1-a crashed once with exit code 3, last line: fatal: no more."
    )


def test_one_that_was_killed_for_its_memory() -> None:
    again = {**RUNNING, "restartCount": 1, "lastState": ended("2026-01-02T03:00:05Z", 137, reason="OOMKilled")}
    with pytest.raises(RunbookError, match="^OOMKilled: "):
        JudgedPods(kube_with(again), "shop", SINCE).look()


def test_what_ended_before_the_release_is_none_of_its_business() -> None:
    before = {**RUNNING, "restartCount": 7, "lastState": ended("2026-01-02T02:59:59Z")}
    assert JudgedPods(kube_with(before), "shop", SINCE).look() == ""


def test_a_pod_that_is_being_ended_does_not_count() -> None:
    down = {"state": ended("2026-01-02T03:00:05Z", 0)}
    kube = kube_with(down, deletionTimestamp="2026-01-02T03:00:01Z")
    assert "crashed" not in JudgedPods(kube, "shop", SINCE).look()


def test_one_that_is_not_ready_is_told() -> None:
    unready = {"state": {"running": {}}, "ready": False}
    assert "is not ready" in JudgedPods(kube_with(unready, available=0), "shop", SINCE).look()


def test_a_pod_that_can_never_come_up_is_a_verdict() -> None:
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}, "ready": False}
    with pytest.raises(RunbookError, match="^ErrImagePull: "):
        JudgedPods(kube_with(waiting, available=0), "shop", SINCE).look()


def test_a_workload_that_somebody_removed_is_a_verdict() -> None:
    with pytest.raises(RunbookError, match="shop is gone"):
        JudgedPods(FakeKube(), "shop", SINCE).look()


def test_an_outage_of_the_api_server_says_nothing_of_pods() -> None:
    kube = kube_with(RUNNING)
    kube.fail_next("get", Unreachable("no answer"))
    assert JudgedPods(kube, "shop", SINCE).look() == ""
