"""Each right that is missing is named exactly; the table in the documents and the lab's account follow the data."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.checks import permissions
from tests.unit.plugins.module_utils.checks.world import World

ROOT = Path(__file__).resolve().parents[5]
KINDS = {"ConfigMap", "Deployment", "HTTPRoute", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"}


def _canary() -> list[permissions.Need]:
    return permissions.needed("canary", {"Deployment", "Service", "HTTPRoute"}, {"service"})


@pytest.mark.parametrize("need", _canary(), ids=lambda need: f"{need.verb} {need.name}")
def test_each_verb_that_is_taken_away_is_named_alone(world: World, need: permissions.Need) -> None:
    plural = f"{need.resource}/{need.subresource}" if need.subresource else need.resource
    world.kube.forbid(need.verb, plural)
    found = permissions.check_permissions(world.context())
    assert [one.value for one in found] == [f"{need.verb} {need.name}"]
    assert f"auth can-i {need.verb} {need.resource}" in found[0].remedy
    assert found[0].level == ("doubt" if need.when == permissions.OPTIONAL else "refuse")


def test_the_command_that_shows_it(world: World) -> None:
    world.kube.forbid("get", "pods/log", "not in the role")
    (found,) = permissions.check_permissions(world.context())
    assert found.message == (
        "This account may not get pods/log in shop: the last lines of a pod that fails (not in the role)."
    )
    assert found.remedy == "Show it: kubectl --context test -n shop auth can-i get pods --subresource=log"


def test_what_is_not_used_is_not_asked_for() -> None:
    rolling = {need.name for need in permissions.needed("rolling", {"Deployment"}, {"url"})}
    assert not rolling & {"httproutes.gateway.networking.k8s.io", "services/proxy", "pods/proxy", "resourcequotas"}
    assert "services/proxy" in {need.name for need in _canary()}


def test_nothing_is_asked_twice() -> None:
    asked = [(need.verb, need.name) for need in permissions.needed("canary", KINDS, {"service", "pod"})]
    assert len(asked) == len(set(asked))


def test_the_table_in_the_documents_is_the_data() -> None:
    assert permissions.table() in (ROOT / "docs/permissions.md").read_text(encoding="utf-8")


def test_the_account_of_the_lab_may_do_what_the_sample_service_needs() -> None:
    granted = set()
    for document in yaml.safe_load_all((ROOT / "lab/manifests/releaser.yml").read_text(encoding="utf-8")):
        for rule in document.get("rules") or []:
            granted |= {
                (verb, f"{resource.partition('/')[0]}{f'.{group}' if group else ''}{_sub(resource)}")
                for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]
            }  # fmt: skip
    wanted = {(need.verb, need.name) for need in permissions.needed("canary", KINDS, {"service", "pod"})}
    assert not wanted - granted


def _sub(resource: str) -> str:
    _name, slash, sub = resource.partition("/")
    return f"{slash}{sub}"
