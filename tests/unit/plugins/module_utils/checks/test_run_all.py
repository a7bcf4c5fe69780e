"""All checks together: everything is found at once, nothing is changed, and overriding has its limits."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils import checks
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Denied, NotFound, Refused, Unreachable
from tests.unit.plugins.module_utils.checks.world import World, told

ROOT = Path(__file__).resolve().parents[5]


def test_a_good_release_has_no_finding(world: World) -> None:
    assert checks.run_all(world.context()) == []


def test_nothing_is_written(world: World) -> None:
    before = {key: dict(obj) for key, obj in world.kube.api.objects.items()}
    checks.run_all(world.context())
    assert world.kube.api.objects == before


def test_everything_wrong_is_found_at_once(world: World) -> None:
    world.variables |= {"canary_shift_steps": [50, 10], "precheck_tools": {"helm": "4.0.0"}, "helm_release_route": "no"}
    world.kube.forbid("list", "pods")
    assert told(checks.run_all(world.context())) == [
        ("inputs", "refuse"), ("tools", "refuse"), ("permissions", "refuse"), ("route", "refuse"),
    ]  # fmt: skip


def test_a_cluster_that_does_not_answer_is_said_once(world: World) -> None:
    world.kube.fail_next("server_version", Unreachable("No answer from https://api.test:6443."))
    world.variables["target_context"] = "prod"
    found = checks.run_all(world.context())
    assert told(found) == [("access", "refuse"), ("context", "refuse")]
    assert world.kube.requests == 0, "nothing else was asked"


def test_a_kubeconfig_that_cannot_be_used_is_a_finding(world: World) -> None:
    found = checks.run_all(world.context(kube=None, trouble=Refused("There is no kubeconfig at x.", "Set kubeconfig.")))
    assert [one.text() for one in found] == ["There is no kubeconfig at x. Set kubeconfig."]


def test_an_error_that_several_checks_meet_is_told_once(world: World) -> None:
    world.helm.failure = NotFound("There is no program 'helm'.")
    found = [one for one in checks.run_all(world.context()) if "program" in one.message]
    assert len(found) == 1


@pytest.mark.parametrize("error", [Denied("You may not read secrets."), ValueError("a defect")], ids=type)
def test_a_check_that_fails_hides_no_other(world: World, error: Exception) -> None:
    world.helm.lints = ["templates/x.yaml: no"]
    world.kube.fail_next("may", error)
    found = checks.run_all(world.context())
    assert [one.check for one in found] == ["permissions", "chart"]
    assert str(error) in found[0].message


def test_a_bad_version_is_not_rendered(world: World) -> None:
    world.version = world.variables["release_versions"]["shop"] = 1.2
    world.helm.rendered = AssertionError("rendered")
    assert told(checks.run_all(world.context())) == [("inputs", "refuse")]


def test_a_reason_turns_a_refusal_into_a_doubt(world: World) -> None:
    world.variables["precheck_tools"] = {"helm": "4.0.0"}
    world.variables["precheck_overrides"] = {"tools": "3.22 was tested with this chart."}
    (found,) = checks.run_all(world.context())
    assert found.level == "doubt"
    assert found.text().endswith("Overridden, because: 3.22 was tested with this chart.")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"access": "x"}, "access, which cannot be overridden"),
        ({"context": "x"}, "context, which cannot be overridden"),
        ({"lock": "x"}, "lock, which cannot be overridden"),
        ({"way_back": "x"}, "way_back, which cannot be overridden"),
        ({"inputs": "x"}, "inputs, which cannot be overridden"),
        ({"imagee": "x"}, "did you mean 'image'?"),
        ({"image": ""}, "precheck_overrides.image is ''"),
        ({"image": "  "}, "a reason in words"),
        ({"image": True}, "precheck_overrides.image is True"),
        (["image"], "a mapping of checks to reasons"),
    ],
)
def test_overrides_that_are_refused(world: World, overrides: Any, said: str) -> None:
    (found,) = checks.run_all(world.context(), overrides)
    assert (found.check, found.level) == ("inputs", "refuse")
    assert said in found.message


def test_an_override_does_not_reach_a_protected_check_that_meets_the_same_error(world: World) -> None:
    world.helm.failure = Denied("You may not read secrets.")
    found = checks.run_all(world.context(), {"pending": "known", "installed": "known"})
    assert [one.check for one in found if one.refuses and "secrets" in one.message] == ["way_back"]


def test_a_rollback_looks_at_access_and_rights_only(world: World) -> None:
    world.helm.lints = ["templates/x.yaml: no"]
    world.variables["canary_shift_steps"] = []
    world.kube.forbid("patch", "httproutes")
    found = checks.run_all(world.context(), {}, "rollback")
    assert {one.check for one in found} == {"permissions"}


def test_every_check_has_a_word_of_documentation() -> None:
    assert all(check.__doc__ for check in checks.CHECKS.values())
    assert set(checks.CHECKS) >= checks.PROTECTED
    assert set(checks.CHECKS) >= checks.WITHOUT_CLUSTER | checks.WITH_VERSION | checks.OF_ROLLBACK


def test_the_documents_have_a_row_for_each_check_in_their_order() -> None:
    text = (ROOT / "docs/precheck.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE) == list(checks.CHECKS)


def test_the_plan_says_what_is_made_and_what_it_takes(world: World) -> None:
    lines = "\n".join(checks.plan(world.context()))
    assert "shop 1.3.0 → 1.4.0, canary" in lines
    assert "beside stable Deployment shop-canary, Service shop-canary" in lines
    assert "10 % → 50 % → 100 %; after the upgrade of stable 50 % → 0 %" in lines
    assert "changes Deployment shop" in lines
    assert "about 5 pods, 0.5 CPU requested" in lines


def test_the_plan_of_the_same_version_is_nothing(world: World) -> None:
    world.render(world.helm.manifest())
    assert checks.plan(world.context()) == [
        "plan: shop is 1.4.0 already and nothing of its manifest changes: nothing to do"
    ]


TIMES = {
    "canary_shift_steps": [10, 50, 100], "canary_shift_step_duration": 60.0, "canary_shift_bake": 60.0,
    "canary_shift_return_steps": [50, 0], "canary_shift_return_duration": 30.0, "helm_release_bake": 40.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("strategy", "targets", "forks", "said"),
    [
        ("canary", 5, 5, ""),
        ("canary", 5, 2, "in 3 batches of at least 240 s each, 720 s in all; --forks 5"),
        ("rolling", 2, 1, "in 2 batches of at least 40 s each, 80 s in all; --forks 2"),
    ],
)
def test_fewer_forks_than_targets_take_longer(
    world: World, strategy: str, targets: int, forks: int, said: str
) -> None:
    world.variables.update(TIMES, helm_release_strategy=strategy)
    found = " ".join(checks.batches(world.context(), targets, forks))
    assert said in found and bool(found) == bool(said)
