"""The fake keeps to what the real API server does (tests/lab/test_kube_real.py asks that one the same)."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    Denied,
    NotFound,
    Overtaken,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGED_BY, HttpAnswer
from tests.unit.clock import FakeClock
from tests.unit.fake_api import selects
from tests.unit.fake_kube import FakeKube


def config(name: str = "shop", data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {"a": "1"},
    }  # fmt: skip


def deployment(replicas: int = 2) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"replicas": replicas}}


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube(FakeClock())


def test_an_object_is_created_once_read_and_deleted(kube: FakeKube) -> None:
    made = kube.create(config())
    assert made["metadata"]["namespace"] == "shop" and made["metadata"]["creationTimestamp"] == "2026-01-02T03:04:05Z"
    with pytest.raises(Conflict, match='configmaps "shop" already exists'):
        kube.create(config())
    assert kube.get("ConfigMap", "shop") == made
    with pytest.raises(Conflict, match="Precondition failed"):
        kube.delete("ConfigMap", "shop", uid="another")
    assert kube.delete("ConfigMap", "shop", uid=made["metadata"]["uid"]) is True
    assert kube.delete("ConfigMap", "shop") is False
    assert kube.get("ConfigMap", "shop") is None


def test_dry_runs_change_nothing(kube: FakeKube) -> None:
    kube.create(config("other"), dry_run=True)
    kube.create(config())
    before = kube.peek("ConfigMap", "shop")
    kube.merge_patch("ConfigMap", "shop", {"data": {"a": "2"}}, dry_run=True)
    assert kube.names("ConfigMap") == ["shop"] and kube.peek("ConfigMap", "shop") == before


def test_a_replacement_needs_the_current_version(kube: FakeKube) -> None:
    made = kube.create(config())
    kube.edit("ConfigMap", "shop", lambda obj: obj["data"].update(b="theirs"))
    with pytest.raises(Conflict, match="the object has been modified"):
        kube.replace({**made, "data": {"a": "ours"}})
    with pytest.raises(Conflict):
        kube.merge_patch("ConfigMap", "shop", {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}})


def test_the_generation_rises_with_the_specification_alone(kube: FakeKube) -> None:
    kube.create(deployment())
    kube.roll_out("shop")
    same = kube.merge_patch("Deployment", "shop", {"metadata": {"annotations": {"a": "b"}}}, "apps/v1")
    assert (same["metadata"]["generation"], same["status"]["availableReplicas"]) == (1, 2)
    more = kube.merge_patch("Deployment", "shop", {"spec": {"replicas": 3}, "status": {"replicas": 9}}, "apps/v1")
    assert (more["metadata"]["generation"], more["status"]["observedGeneration"]) == (2, 1)
    assert more["status"]["replicas"] == 2


def test_a_patch_is_done_wholly_or_not_at_all(kube: FakeKube) -> None:
    kube.create(config(data={"a": "1", "b": "2"}))
    ops: list[dict[str, Any]] = [
        {"op": "replace", "path": "/data/a", "value": "new"}, {"op": "remove", "path": "/data/b"},
        {"op": "add", "path": "/metadata/labels", "value": {"x/y": "z"}},
        {"op": "test", "path": "/metadata/labels/x~1y", "value": "z"},
        {"op": "copy", "from": "/data/a", "path": "/data/c"}, {"op": "move", "from": "/data/a", "path": "/data/d"},
    ]  # fmt: skip
    assert kube.json_patch("ConfigMap", "shop", ops)["data"] == {"c": "new", "d": "new"}
    before = kube.peek("ConfigMap", "shop")
    with pytest.raises(Overtaken) as raised:
        kube.json_patch("ConfigMap", "shop", [*ops[2:3], {"op": "test", "path": "/data/c", "value": "old"}])
    assert raised.value.facts == {"path": "/data/c", "expected": "old", "found": "new"}
    with pytest.raises(RunbookError, match="missing"):
        kube.json_patch("ConfigMap", "shop", [{"op": "replace", "path": "/data/none", "value": "x"}])
    assert kube.peek("ConfigMap", "shop") == before


def test_applying_takes_over_only_what_is_ours(kube: FakeKube) -> None:
    kube.apply(config("ours", labels=dict(MANAGED_BY)))
    assert kube.apply(config("ours", {"a": "2"}, labels=dict(MANAGED_BY)))["data"] == {"a": "2"}
    kube.create(config("theirs"))
    with pytest.raises(Conflict, match="Apply failed"):
        kube.apply(config("theirs", {"a": "2"}))


def test_lists_are_selected(kube: FakeKube) -> None:
    kube.create(config("one", labels={"app": "shop"}))
    kube.create(config("two", labels={"app": "other"}))
    assert [obj["metadata"]["name"] for obj in kube.list("ConfigMap", selector="app in (shop, x)")] == ["one"]
    assert [obj["metadata"]["name"] for obj in kube.list("ConfigMap", fields="metadata.name=two")] == ["two"]
    assert kube.list("ConfigMap")[0]["kind"] == "ConfigMap"


@pytest.mark.parametrize(("selector", "matches"), [
    ("", True), ("app=shop", True), ("app==shop", True), ("app!=shop", False), ("tier", False), ("!tier", True),
    ("!app", False), ("app in (a,shop),!tier", True), ("app notin (shop)", False), ("app=shop,tier=x", False),
])  # fmt: skip
def test_selectors(selector: str, matches: bool) -> None:
    assert selects(selector, {"app": "shop"}) is matches


def test_an_outage_comes_before_or_after_the_change(kube: FakeKube) -> None:
    kube.fail_next("create", Unreachable("no answer"))
    kube.fail_next("create", Unreachable("no answer"), after=True)
    with pytest.raises(Unreachable):
        kube.create(config())
    assert kube.names("ConfigMap") == []
    with pytest.raises(Unreachable):
        kube.create(config())
    assert kube.names("ConfigMap") == ["shop"]
    kube.create(config("next"))
    assert [name for name, _args in kube.calls] == ["create"] * 3


def test_somebody_else_comes_in_between(kube: FakeKube) -> None:
    made = kube.create(config())
    kube.on("replace", lambda them: them.edit("ConfigMap", "shop", lambda obj: obj["data"].update(a="theirs")))
    with pytest.raises(Conflict):
        kube.replace(made)
    assert kube.get("ConfigMap", "shop", "v1") is not None


def test_rights_are_asked_for_and_enforced(kube: FakeKube) -> None:
    assert kube.may("delete", "configmaps") == (True, "")
    kube.forbid("delete", "configmaps", "no")
    assert kube.may("delete", "configmaps") == (False, "no")
    kube.create(config())
    with pytest.raises(Denied, match="cannot delete resource"):
        kube.delete("ConfigMap", "shop")


def test_what_a_cluster_does_not_know_is_named(kube: FakeKube) -> None:
    with pytest.raises(NotFound, match="knows no Rollout in argoproj.io/v1alpha1"):
        kube.get("Rollout", "shop", "argoproj.io/v1alpha1")
    assert kube.list("HTTPRoute", "gateway.networking.k8s.io/v1") == []


def test_owned_objects_go_with_their_owner(kube: FakeKube) -> None:
    made = kube.create(deployment())
    kube.create(config(ownerReferences=[{"uid": made["metadata"]["uid"]}]))
    assert kube.delete("Deployment", "shop", "apps/v1") is True
    assert kube.names("ConfigMap") == []


def test_pods_have_logs_and_services_answer(kube: FakeKube) -> None:
    kube.add({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "app"}]}})
    kube.log("p", "one\ntwo\nthree\n")
    assert kube.logs("p", tail=2) == "two\nthree\n"
    with pytest.raises(RunbookError, match="previous terminated container"):
        kube.logs("p", "app", previous=True)
    kube.serve("services/shop:8080", "/health", HttpAnswer(503, b"no", 0.1))
    assert kube.proxy("services/shop:8080", "/health").status == 503
    with pytest.raises(Unreachable):
        kube.proxy("services/shop:8080", "/other")


def test_time_is_that_of_the_clock() -> None:
    clock = FakeClock()
    kube = FakeKube(clock)
    clock.advance(5)
    assert (kube.server_time() - clock.wall()).total_seconds() == 0
    assert kube.server_version() == "v1.34.4"
