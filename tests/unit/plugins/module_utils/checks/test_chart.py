"""What the chart makes of the new version, and whether the API server and a canary get along with it."""
from __future__ import annotations

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.chart import (
    check_canary,
    check_chart,
    check_dry_run,
)
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Hook
from tests.unit.plugins.module_utils.checks.world import World, manifest, told


def test_lint_and_render_are_both_named(world: World) -> None:
    world.helm.lints = ["templates/a.yaml: bad indentation"]
    world.helm.rendered = RunbookError("Could not render chart charts/shop: image.tag is required.")
    world.origins["helm_release_chart"] = "host_vars/shop.yml:1"
    lint, render = check_chart(world.context())
    assert lint.message == (
        "Chart charts/shop (set in host_vars/shop.yml:1) does not lint: templates/a.yaml: bad indentation."
    )
    assert render.message.endswith("image.tag is required (set in host_vars/shop.yml:1).")


def test_a_pending_revision_is_left_to_its_own_check(world: World) -> None:
    world.helm.rendered = Conflict("Another operation is in progress.")
    assert check_chart(world.context()) == []


def test_a_workload_that_the_chart_does_not_make(world: World) -> None:
    world.variables["helm_release_workload"] = "web"
    (found,) = check_chart(world.context())
    assert found.message == 'helm_release_workload is "web"; allowed: a Deployment of the chart: shop.'


def test_a_canary_that_cannot_stand_is_offered_rolling(world: World) -> None:
    docs = manifest(f"{world.registry}/shop:1.4.0")
    world.render(docs, [Hook("shop-migrate", "Job", "templates/job.yaml", ("pre-upgrade",))])
    (found,) = check_canary(world.context())
    assert "Job shop-migrate (pre-upgrade)" in found.message
    assert found.remedy == "Set helm_release_strategy: rolling for this target."


def test_hooks_may_wait_for_the_promotion(world: World) -> None:
    world.variables["helm_release_hooks"] = "with_promotion"
    world.render(manifest("x"), [Hook("shop-migrate", "Job", "templates/job.yaml", ("pre-upgrade",))])
    assert check_canary(world.context()) == []


def test_what_the_api_server_would_not_take_is_refused_object_by_object(world: World) -> None:
    world.kube.fail_next("create", RunbookError("Cannot create Deployment shop/shop-canary: denied by policy."))
    found = check_dry_run(world.context())
    assert told(found) == [("dry_run", "refuse")]
    assert found[0].value == "Deployment shop-canary"


def test_a_canary_that_is_there_already_is_applied(world: World) -> None:
    made = next(obj for obj in world.context().canary.objects if obj["kind"] == "Deployment")
    world.kube.add({**made, "metadata": {**made["metadata"], "namespace": "shop"}})
    assert check_dry_run(world.context()) == []
    assert [name for name, _ in world.kube.calls if name == "apply"] == ["apply"]


def test_an_object_of_somebody_else_is_in_the_way(world: World) -> None:
    extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra"}, "data": {"a": "1"}}
    world.kube.add(extra)
    world.render([*manifest(f"{world.registry}/shop:1.4.0"), extra])
    (found,) = check_dry_run(world.context())
    assert found.message == "ConfigMap extra exists already, and is not of Helm release shop."


def test_a_field_that_never_changes_is_refused_and_anything_else_is_a_doubt(world: World) -> None:
    world.variables["helm_release_strategy"] = "rolling"
    error = RunbookError("Cannot patch: invalid.", causes=["spec.selector: field is immutable"])
    world.kube.fail_next("merge_patch", error)
    assert told(check_dry_run(world.context())) == [("dry_run", "refuse")]
    world.kube.fail_next("merge_patch", RunbookError("Cannot patch: odd."))
    assert told(check_dry_run(world.context())) == [("dry_run", "doubt")]


def test_an_outage_is_not_taken_for_a_refusal(world: World) -> None:
    world.kube.fail_next("create", Unreachable("No answer."))
    with pytest.raises(Unreachable, match="No answer"):
        check_dry_run(world.context())
