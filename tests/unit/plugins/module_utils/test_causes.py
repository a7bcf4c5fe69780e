"""Why a rollout is where it is: the table in tests/unit/cases/causes.yml, and what outweighs what."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import causes
from ansible_collections.releng.runbooks.plugins.module_utils.causes import Cause, classify, hint

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "causes.yml").read_text())


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "app", "image": "shop:1.2.3", "ready": False, "restartCount": 0, "state": {}, **fields}


def pod(name: str = "shop-1", status: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", **more}, "status": status or {}}


def pod_of(case: dict[str, Any]) -> dict[str, Any]:
    status = {"phase": "Pending", **case.get("status", {})}
    for key, where in (("container", "containerStatuses"), ("init", "initContainerStatuses")):
        if key in case:
            status[where] = [container(**case[key])]
    return pod(status=status, **({"deletionTimestamp": "2026-01-02T03:04:05Z"} if case.get("deleted") else {}))


def events_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"involvedObject": {"uid": "uid-shop-1"}, "lastTimestamp": f"2026-01-02T03:04:{number:02}Z", **event}
        for number, event in enumerate(case.get("events", []))
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_it_means(case: dict[str, Any]) -> None:
    pods = [] if "creation" in case else [pod_of(case)]
    found = classify(pods, events_of(case), case.get("creation", []))
    if case["kind"] == "none":
        assert found is None
        return
    assert found is not None
    assert (found.kind, found.reason) == (case["kind"], case["reason"])
    assert case.get("text", "") in found.text
    assert "\n" not in found.text and len(found.text) < 400


def test_nothing_to_look_at_says_nothing() -> None:
    assert classify([], []) is None


def crashing(name: str, times: int, code: int = 1) -> dict[str, Any]:
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"exitCode": code}}
    return pod(name, {"containerStatuses": [container(state=state, lastState=last, restartCount=times - 1)]})


def test_what_cannot_be_helped_outweighs_what_may_pass() -> None:
    waiting = pod("w", {"conditions": [{"type": "PodScheduled", "status": "False"}]})
    creating = pod("c", {"containerStatuses": [container(state={"waiting": {"reason": "ContainerCreating"}})]})
    pods = [creating, waiting, crashing("x", 3)]
    found = classify(pods, [])
    assert found is not None and (found.kind, found.pod, found.container) == (causes.TERMINAL, "x", "app")
    found = classify(pods[:2], [])
    assert found is not None and (found.kind, found.pod) == (causes.WAITING, "w")
    found = classify([crashing("a", 1), *pods[:2]], [], ["admission webhook \"p\" denied the request: no"])
    assert found is not None and found.reason == "AdmissionDenied"


def test_crashes_of_several_pods_are_not_added_up() -> None:
    found = classify([crashing(f"p{number}", 2) for number in range(5)], [])
    assert found is not None and found.kind == causes.PROGRESS


def test_how_many_crashes_are_always_can_be_said() -> None:
    assert _kind(classify([crashing("p", 3)], [], crashes_terminal=4)) == causes.PROGRESS
    assert _kind(classify([crashing("p", 2)], [], crashes_terminal=2)) == causes.TERMINAL


def test_events_count_for_their_own_pod_only() -> None:
    case = next(one for one in CASES if one["name"] == "image does not exist, only the event says so")
    elsewhere = [{**event, "involvedObject": {"uid": "another"}} for event in events_of(case)]
    assert _kind(classify([pod_of(case)], elsewhere)) == causes.WAITING


@pytest.mark.parametrize(("event", "at"), [
    ({"series": {"lastObservedTime": "4"}, "lastTimestamp": "3"}, "4"), ({"lastTimestamp": "3", "eventTime": "2"}, "3"),
    ({"lastTimestamp": None, "eventTime": "2", "firstTimestamp": "1"}, "2"), ({"firstTimestamp": "1"}, "1"), ({}, ""),
])  # fmt: skip
def test_when_an_event_was_seen_last(event: dict[str, Any], at: str) -> None:
    assert causes.when(event) == at


@pytest.mark.parametrize(("line", "reason", "says"), [
    ("java.lang.OutOfMemoryError: Java heap space", "", "out of memory"), ("", "OOMKilled", "out of memory"),
    ("listen tcp :8080: bind: address already in use", "", "port in use"),
    ("FATAL: password authentication failed for user \"shop\"", "", "database credentials"),
    ("KeyError: 'DATABASE_URL'", "", "missing environment variable"),
    ("SHOP_KEY must be set", "", "missing environment variable"),
    ("dial tcp 198.51.100.7:5432: connect: connection refused", "", "database not reachable"),
    ("postgres: connection timed out", "", "database not reachable"),
    ("cannot parse config file /etc/shop.yml", "", "configuration error"),
    ("config is invalid: line 3", "", "configuration error"), ("panic: index out of range", "", ""), ("", "", ""),
])  # fmt: skip
def test_what_a_crash_looks_like(line: str, reason: str, says: str) -> None:
    assert hint(["starting", line], reason) == says


def test_long_texts_are_cut() -> None:
    case = {"container": {"state": {"waiting": {"reason": "CreateContainerConfigError", "message": "x " * 5000}}}}
    found = classify([pod_of(case)], [])
    assert found is not None and len(found.text) < 300 and found.text.endswith("…")


def _kind(cause: Cause | None) -> str:
    return cause.kind if cause else ""
