"""How far a rollout is: numbers as kubectl reads them, and only pods of the newest revision are blamed."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import causes, rollout
from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound, Refused, RunbookError, Unreachable
from tests.unit.fake_kube import FakeKube

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "rollout.yml").read_text())
SELECTOR = {"matchLabels": {"app": "shop"}}
BAD_IMAGE = {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}
CRASHED = {"waiting": {"reason": "CrashLoopBackOff"}}


def workload(kind: str = "Deployment", **more: Any) -> dict[str, Any]:
    metadata = {"name": "shop", "uid": "uid-shop", "generation": more.pop("generation", 1)}
    spec = {"replicas": 3, "selector": SELECTOR, **more.pop("spec", {})}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec, **more}


def owned(kind: str, name: str, owner: str, api_version: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {
        "name": name, "uid": f"uid-{name}", "ownerReferences": [{"uid": owner}],
        "labels": {"app": "shop", **more.pop("labels", {})}, "annotations": more.pop("annotations", {}),
    }  # fmt: skip
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def replica_set(name: str, revision: int, **more: Any) -> dict[str, Any]:
    annotations = {rollout.REVISION: str(revision)}
    return owned("ReplicaSet", name, "uid-shop", "apps/v1", annotations=annotations, spec={}, **more)


def pod(name: str, owner: str, state: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "shop:2", "ready": state is None, "state": state or {"running": {}}}
    container |= more.pop("container", {})
    ready = {"type": "Ready", "status": "False" if state else "True"}
    return owned(
        "Pod", name, owner, spec={"containers": [{"name": "app"}]},
        status={"phase": "Running", "conditions": [ready], "containerStatuses": [container]}, **more,
    )  # fmt: skip


def rolling(*objects: dict[str, Any], **more: Any) -> FakeKube:
    """A Deployment on its way, with an old ReplicaSet and the new one, ``new``."""
    status = {"observedGeneration": 1, "replicas": 4, "updatedReplicas": 1, "availableReplicas": 3}
    status |= more.pop("status", {})
    kube = FakeKube()
    kube.add(workload(status=status, **more), replica_set("old", 1), replica_set("new", 10), *objects)
    return kube


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_where_it_is(case: dict[str, Any]) -> None:
    spec = {"selector": SELECTOR, **case.get("spec", {"replicas": 3})}
    found = {
        "kind": case.get("kind", "Deployment"), "metadata": {"generation": case.get("generation", 1)}, "spec": spec,
    } | ({"status": case["status"]} if "status" in case else {})
    assert rollout.position(found) == (*case["numbers"], case["waits"])


def test_ready_costs_one_request() -> None:
    kube = FakeKube()
    kube.add(workload())
    kube.roll_out("shop")
    seen = rollout.observe(kube, "shop")
    assert (seen.ready, seen.updated, seen.available, seen.desired) == (True, 3, 3, 3)
    assert (seen.cause.kind, seen.cause.text) == (causes.READY, "shop is rolled out, 3 of 3 pods available")
    assert kube.requests == 1


def test_what_cannot_be_watched_or_is_not_there() -> None:
    with pytest.raises(Refused, match="A rollout of kind 'Job' cannot be watched; allowed are Deployment, StatefulSet"):
        rollout.observe(FakeKube(), "shop", kind="Job")
    with pytest.raises(NotFound, match="Deployment shop/shop does not exist"):
        rollout.observe(FakeKube(), "shop")


def test_a_change_that_was_not_seen_yet_blames_nobody() -> None:
    kube = rolling(pod("new-1", "uid-new", BAD_IMAGE), generation=2)
    seen = rollout.observe(kube, "shop")
    assert (seen.ready, seen.cause.kind) == (False, causes.PROGRESS)
    assert seen.cause.text == "shop: its controller has not seen the change yet"


def test_the_newest_revision_is_blamed_and_only_it() -> None:
    seen = rollout.observe(rolling(pod("new-1", "uid-new", BAD_IMAGE)), "shop")
    assert not seen.ready
    assert (seen.cause.kind, seen.cause.reason, seen.cause.pod) == (causes.TERMINAL, "ErrImagePull", "new-1")
    seen = rollout.observe(rolling(pod("old-1", "uid-old", BAD_IMAGE), pod("x-1", "uid-x", BAD_IMAGE)), "shop")
    assert (seen.cause.kind, seen.cause.reason) == (causes.PROGRESS, "Rolling")
    assert seen.cause.text == "shop: 1 of 3 pods updated"


def test_revisions_are_numbers() -> None:
    """Revision 10 is newer than 9, and the ReplicaSet of another Deployment is none of ours."""
    kube = rolling(replica_set("middle", 9), pod("middle-1", "uid-middle", BAD_IMAGE))
    foreign = replica_set("foreign", 99)
    foreign["metadata"]["ownerReferences"] = [{"uid": "uid-another"}]
    kube.add(foreign)
    found = kube.get("Deployment", "shop", "apps/v1")
    assert found is not None
    assert rollout.newest_pods(kube, found)[0]["metadata"]["name"] == "new"
    assert rollout.observe(kube, "shop").cause.reason == "Rolling"


def test_a_deployment_without_a_replica_set_yet() -> None:
    kube = FakeKube()
    kube.add(workload(status={"observedGeneration": 1}))
    assert rollout.observe(kube, "shop").cause.text == "shop: 0 of 3 pods updated"


def test_events_of_unready_pods_tell_more() -> None:
    kube = rolling(pod("new-1", "uid-new", {"waiting": {"reason": "ContainerCreating"}}))
    kube.add({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"uid": "uid-new-1"},
        "reason": "Pulling", "type": "Normal",
    })  # fmt: skip
    seen = rollout.observe(kube, "shop")
    assert (seen.cause.kind, seen.cause.reason) == (causes.WAITING, "Pulling")


def test_a_look_stays_small_however_many_pods_there_are() -> None:
    pods = [pod(f"new-{number}", "uid-new", BAD_IMAGE) for number in range(50)]
    kube = rolling(*pods)
    rollout.observe(kube, "shop")
    assert kube.requests <= 7


def test_what_the_controller_was_told_when_it_could_not_create_pods() -> None:
    told = {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: compute"}]}
    kube = rolling()
    kube.edit("ReplicaSet", "new", lambda obj: obj.update(status=told))
    seen = rollout.observe(kube, "shop")
    assert (seen.cause.kind, seen.cause.reason) == (causes.WAITING, "QuotaExceeded")


def test_a_set_tells_it_by_events() -> None:
    kube = FakeKube()
    kube.add(workload("StatefulSet", status={"observedGeneration": 1, "updateRevision": "r2"}))
    for name, at, message in (("e1", "1", "exceeded quota"), ("e2", "2", "serviceaccount \"shop\" not found")):
        kube.add({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "involvedObject": {"uid": "uid-shop"},
            "reason": "FailedCreate", "lastTimestamp": at, "message": message,
        })  # fmt: skip
    assert rollout.observe(kube, "shop", kind="StatefulSet").cause.reason == "InvalidConfig"


def test_pods_of_a_set_are_told_apart_by_their_revision() -> None:
    label = rollout.REVISION_HASH
    kube = FakeKube()
    kube.add(
        workload("StatefulSet", status={"observedGeneration": 1, "updateRevision": "r2"}),
        pod("shop-0", "uid-shop", BAD_IMAGE, labels={label: "r1"}), pod("shop-1", "uid-shop", labels={label: "r2"}),
    )  # fmt: skip
    assert rollout.observe(kube, "shop", kind="StatefulSet").cause.kind == causes.PROGRESS
    kube.edit("StatefulSet", "shop", lambda obj: obj["status"].update(updateRevision="r1"))
    assert rollout.observe(kube, "shop", kind="StatefulSet").cause.pod == "shop-0"


def test_the_revision_of_a_daemon_set_is_that_of_its_newest_controller_revision() -> None:
    label = rollout.REVISION_HASH
    kube = FakeKube()
    status = {"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2}
    kube.add(
        workload("DaemonSet", status=status),
        owned("ControllerRevision", "a", "uid-shop", "apps/v1", labels={label: "a"}, revision=9),
        owned("ControllerRevision", "b", "uid-shop", "apps/v1", labels={label: "b"}, revision=10),
        pod("shop-a", "uid-shop", BAD_IMAGE, labels={label: "a"}),
        pod("shop-b", "uid-shop", BAD_IMAGE, labels={label: "b"}),
    )  # fmt: skip
    assert rollout.observe(kube, "shop", kind="DaemonSet").cause.pod == "shop-b"


def test_a_paused_deployment_waits_for_ever() -> None:
    seen = rollout.observe(rolling(spec={"paused": True}), "shop")
    assert (seen.cause.kind, seen.cause.reason) == (causes.TERMINAL, "Paused")


# The controller's own deadline

GAVE_UP = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}


@pytest.mark.parametrize(("state", "reason"), [
    ({"running": {}}, "NeverReady"), ({"waiting": {"reason": "ContainerCreating"}}, "Creating"),
    (None, "ProgressDeadlineExceeded"),
])  # fmt: skip
def test_what_made_no_progress_is_terminal(state: dict[str, Any] | None, reason: str) -> None:
    kube = rolling(pod("new-1", "uid-new", state), status=GAVE_UP, spec={"progressDeadlineSeconds": 30})
    seen = rollout.observe(kube, "shop")
    assert (seen.cause.kind, seen.cause.reason) == (causes.TERMINAL, reason)
    assert seen.cause.text.startswith("no progress for 30 s: ")


def test_a_cause_that_is_terminal_by_itself_keeps_its_text() -> None:
    seen = rollout.observe(rolling(pod("new-1", "uid-new", BAD_IMAGE), status=GAVE_UP), "shop")
    assert (seen.cause.reason, seen.cause.text[:5]) == ("ErrImagePull", "image")


# What a crashed container wrote


def crash(times: int = 3) -> FakeKube:
    fields = {"lastState": {"terminated": {"exitCode": 1}}, "restartCount": times - 1}
    return rolling(pod("new-1", "uid-new", CRASHED, container=fields))


def test_the_last_line_of_a_crash_is_told() -> None:
    kube = crash()
    kube.log("new-1", "starting\nKeyError: 'DATABASE_URL'\n\n")
    seen = rollout.observe(kube, "shop")
    assert seen.cause.kind == causes.TERMINAL
    assert seen.cause.text == (
        "container app of pod new-1 crashed 3 times with exit code 1, last line: KeyError: 'DATABASE_URL' "
        "(looks like: missing environment variable)"
    )


def test_the_log_before_tells_it_when_the_container_has_written_nothing_yet() -> None:
    kube = crash(2)
    kube.log("new-1", "panic: no\n", previous=True)
    assert rollout.observe(kube, "shop").cause.text.endswith("with exit code 1, last line: panic: no")


def test_without_a_log_the_cause_stays() -> None:
    kube = crash()
    kube.fail_next("logs", Unreachable("no answer"), times=2)
    assert rollout.observe(kube, "shop").cause.text.endswith("crashed 3 times with exit code 1")
    kube.fail_next("logs", RunbookError("no such log"), times=2)
    assert rollout.observe(kube, "shop").cause.kind == causes.TERMINAL


def test_a_secret_in_the_last_line_is_not_told() -> None:
    kube = crash()
    kube.log("new-1", "cannot connect to postgres://shop:hunter2@db/shop password=hunter2\n")
    assert "hunter2" not in rollout.observe(kube, "shop").cause.text


def test_an_outage_passes_through() -> None:
    kube = rolling()
    kube.fail_next("list", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        rollout.observe(kube, "shop")


@pytest.mark.parametrize(("selector", "text"), [
    ({}, ""), ({"matchLabels": {"a": "b", "c": "d"}}, "a=b,c=d"),
    ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}, "a in (x,y)"),
    ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, "a notin (x)"),
    ({"matchLabels": {"c": "d"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}, "c=d,a"),
    ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
])  # fmt: skip
def test_selectors_as_a_request_wants_them(selector: dict[str, Any], text: str) -> None:
    assert rollout.selector_text(selector) == text
