"""What runs and what would run: asked for once, only when needed, and never a revision that failed."""
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.canary import pod_template_digest
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Hook, Rendered
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import (
    HELM_LABEL,
    Versions,
    standing,
)
from tests.unit.plugins.module_utils.release.world import RUN, World, deployment, revision


def versions(world: World, version: str = "1.4.0") -> Versions:
    return Versions(world.session, version)


def test_what_runs_now(world: World) -> None:
    digest = pod_template_digest([deployment("shop")])
    assert versions(world).before == Side("1.3.0", 2, digest, "sh.helm.release.v1.shop.v2")


def test_nothing_is_installed(world: World) -> None:
    world.helm.revisions = []
    made = versions(world)
    assert (made.before, made.stable_docs, made.changes) == (Side(), [], True)


@pytest.mark.parametrize(("status", "text"), [
    ("failed", 'Upgrade "shop" failed: timed out'), ("pending-upgrade", "Preparing upgrade"),
])  # fmt: skip
def test_a_revision_that_failed_is_none_to_go_back_to(world: World, status: str, text: str) -> None:
    world.helm.revisions += [revision(3, status, text)]
    world.helm.manifests[3] = [deployment("shop", image="shop:9.9.9")]
    world.helm.values_of[3] = {"image": {"tag": "9.9.9"}}
    made = versions(world)
    assert (made.before.version, made.before.revision) == ("1.3.0", 2)
    assert made.before.digest == pod_template_digest([deployment("shop")])
    assert made.changes, "what is half there has to be replaced, whatever it is"


def test_where_nothing_ever_worked_the_newest_is_named(world: World) -> None:
    world.helm.revisions = [revision(1, "failed", 'Release "shop" failed: no')]
    assert versions(world).before.revision == 1


@pytest.mark.parametrize(("values", "paths", "wanted"), [
    ({"image": {"tag": "1.3.0"}}, ["image.tag"], "1.3.0"),
    ({"image": {"tag": 1.3}}, ["image.tag"], "1.3"),
    ({"a": {"b": {"c": "2"}}}, ["a.b.c", "image.tag"], "2"),
    ({}, ["image.tag"], "1.0.0"),
    ({"image": "shop:1.3.0"}, ["image.tag"], "1.0.0"),
    ({"image": {"tag": None}}, ["image.tag"], "1.0.0"),
])  # fmt: skip
def test_its_version_is_the_value_that_a_release_sets_or_the_chart_s(
    world: World, values: dict[str, object], paths: list[str], wanted: str
) -> None:
    world.helm.values_of[2] = values
    world.session.target.version_values[:] = paths
    assert versions(world).before.version == wanted


def test_the_new_version_is_set_at_every_path_and_stays_text(world: World) -> None:
    world.session.target.version_values[:] = ["image.tag", "worker.image.tag"]
    assert versions(world, "1.40").values == {"image": {"tag": "1.40"}, "worker": {"image": {"tag": "1.40"}}}
    assert world.session.target.values == {}, "the inventory's own values stay as they are"


def test_the_same_version_changes_nothing(world: World) -> None:
    world.helm.rendered = Rendered([deployment("shop")], [])
    assert not versions(world, "1.3.0").changes
    world.helm.rendered = Rendered([deployment("shop", image="shop:1.4.0")], [])
    assert versions(world).changes
    assert versions(world).after == Side("1.4.0", 0, pod_template_digest([deployment("shop", image="shop:1.4.0")]))


SERVICE = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
    "spec": {"selector": {"app": "shop"}, "ports": [{"port": 8080}]},
}  # fmt: skip


@pytest.mark.parametrize(("hooks", "event", "refused"), [
    ("refuse", "pre-upgrade", True), ("with_promotion", "pre-upgrade", False), ("refuse", "test", False),
])  # fmt: skip
def test_hooks_that_an_upgrade_runs_need_a_word_on_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hooks: str, event: str, refused: bool
) -> None:
    world = World(tmp_path, monkeypatch, hooks=hooks)
    world.helm.manifests[2] = [deployment("shop"), SERVICE]
    hook = Hook("shop-migrate", "Job", "", (event,))
    world.helm.rendered = Rendered([deployment("shop", image="shop:1.4.0"), SERVICE], [hook])
    assert any("shop-migrate" in one for one in versions(world).canary.problems) is refused


def test_the_canary_is_found_again_by_the_helm_release_it_stands_beside(world: World) -> None:
    world.helm.manifests[2].append(SERVICE)
    world.helm.rendered = Rendered([deployment("shop", image="shop:1.4.0"), SERVICE], [])
    made = versions(world).canary
    assert [(one["kind"], one["metadata"]["name"]) for one in made.objects] == [
        ("Deployment", "shop-canary"), ("Service", "shop-canary"),
    ]
    for one in made.objects:
        assert one["metadata"]["labels"][HELM_LABEL] == "shop"
        assert one["metadata"]["labels"]["releng.runbooks/release"] == RUN
        assert one["metadata"]["namespace"] == "shop"
    assert made.objects[0]["spec"]["replicas"] == 4, "as many as stable has"


def test_what_others_have_made_is_looked_at(world: World) -> None:
    world.kube.add({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "all"}, "spec": {"selector": {}}})
    assert set(standing(world.kube)) == {"Service/all"}
    world.kube.fail_next("list", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        standing(world.kube)


def test_an_answer_that_did_not_come_is_asked_for_again(world: World) -> None:
    made = versions(world)
    world.helm.failure = Unreachable("no answer")
    with pytest.raises(Unreachable):
        _ = made.before
    world.helm.failure = None
    assert made.before.revision == 2
