"""Each right that the account of releases lacks on the real cluster is named, and no other."""
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.checks import Context, permissions
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Helm
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Access, Kube
from ansible_collections.releng.runbooks.plugins.module_utils.poll import SystemClock
from tests.red.harness import NAMESPACE, ROOT, Site

# Of the objects that the chart of the sample service makes.
KINDS = {"ConfigMap", "Deployment", "HTTPRoute", "PodDisruptionBudget", "Service", "ServiceAccount"}
NEEDS = permissions.needed("canary", KINDS, {"service", "pod"})
PROBES = [{"name": via, "via": via, "port": 8080, "path": "/health"} for via in ("service", "pod")]

Rules = list[dict[str, Any]]


@pytest.fixture
def role(site: Site) -> Iterator[Rules]:
    """The rules of the account's Role, one verb on one resource each; put back in the end."""
    docs = yaml.safe_load_all((ROOT / "lab/manifests/releaser.yml").read_text(encoding="utf-8"))
    rules = next(doc["rules"] for doc in docs if doc["kind"] == "Role")
    yield [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for rule in rules for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]
    ]  # fmt: skip
    _set(site, rules)


def _set(site: Site, rules: Rules) -> None:
    body = json.dumps([{"op": "replace", "path": "/rules", "value": rules}])
    site.kubectl("patch", "role/releaser", "--type=json", "-p", body)


def _without(rules: Rules, need: permissions.Need) -> Rules:
    resource = f"{need.resource}/{need.subresource}" if need.subresource else need.resource
    gone = {"apiGroups": [need.group], "resources": [resource], "verbs": [need.verb]}
    assert gone in rules
    return [rule for rule in rules if rule != gone]


def _context(site: Site) -> Context:
    """As the inventory of the lab makes it, with the account of releases."""
    access = Access(str(Path(site.cluster["LAB_RELEASE_KUBECONFIG"])), "", NAMESPACE)
    variables = {
        "helm_release_chart": str(ROOT / "lab/charts/shop"), "helm_release_values": site.values(),
        "verify_health_probes": PROBES,
    }  # fmt: skip
    return Context(
        variables=variables, kube=Kube(access), helm=Helm(str(site.tools / "helm"), access, "shop"), version="1.4.0",
        service="shop", target="shop", clock=SystemClock(),
    )  # fmt: skip


def _named(site: Site, wanted: list[str], seconds: float = 10) -> list[str]:
    """What the check names; the authorizer hears of a changed Role a moment later."""
    until = time.monotonic() + seconds
    while True:
        found = [str(one.value) for one in permissions.check_permissions(_context(site))]
        if found == wanted or time.monotonic() > until:
            return found
        time.sleep(0.2)


@pytest.mark.extended
def test_each_right_that_is_taken_away_is_named_alone(site: Site, role: Rules) -> None:
    assert _named(site, []) == []
    wrong = {}
    for need in NEEDS:
        _set(site, _without(role, need))
        wanted = [f"{need.verb} {need.name}"]
        if (found := _named(site, wanted)) != wanted:
            wrong[wanted[0]] = found
    assert not wrong


def test_a_release_without_a_right_is_refused(site: Site, role: Rules) -> None:
    before = site.fingerprint()
    gone = next(need for need in NEEDS if (need.verb, need.resource) == ("patch", "httproutes"))
    _set(site, _without(role, gone))
    assert _named(site, [f"patch {gone.name}"]) == [f"patch {gone.name}"]
    run = site.release("1.4.0")
    assert run.code == 2, run.out
    assert f"may not patch {gone.name} in {NAMESPACE}: shifting traffic" in " ".join(run.out.split())
    assert "auth can-i patch httproutes" in run.out and site.fingerprint() == before
