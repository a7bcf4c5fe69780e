"""Policies and monitors that mean stable are made once more for the canary; those that mean both are left alone."""
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import canary, canary_labels

CASES = Path(__file__).parents[2] / "cases"
SHOP: list[dict[str, Any]] = yaml.safe_load((CASES / "canary_shop.yml").read_text())
LABELS: list[dict[str, Any]] = yaml.safe_load((CASES / "canary_labels.yml").read_text())
NAME, INSTANCE, TRACK = "app.kubernetes.io/name", "app.kubernetes.io/instance", "releng.runbooks/track"
OURS = {NAME: "shop", INSTANCE: "shop-canary", TRACK: "canary"}


@pytest.mark.parametrize("case", LABELS, ids=lambda case: case["name"])
def test_labels_that_change(case: dict[str, Any]) -> None:
    changes = canary_labels.changes(case["labels"], case["selectors"])
    assert changes == {key: f"{case['labels'][key]}-canary" for key in case["changed"]}


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ({"operator": "In", "values": ["web"]}, True), ({"operator": "In", "values": ["api"]}, False),
        ({"operator": "NotIn", "values": ["api"]}, True), ({"operator": "NotIn", "values": ["web"]}, False),
        ({"operator": "Exists"}, True), ({"operator": "DoesNotExist"}, False),
    ],
)  # fmt: skip
def test_expressions_match_as_in_the_api_server(expression: dict[str, Any], taken: bool) -> None:
    assert canary_labels.matches({"matchExpressions": [{"key": "tier", **expression}]}, {"tier": "web"}) is taken


def policy(spec: dict[str, Any], name: str = "shop") -> dict[str, Any]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


def monitor(kind: str, labels: dict[str, str]) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": labels}, "endpoints": [{"port": "http"}]}
    metadata = {"name": "shop", "labels": {"release": "prometheus"}}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": metadata, "spec": spec}


def mirrored(*added: dict[str, Any], new: tuple[dict[str, Any], ...] | None = None) -> list[dict[str, Any]]:
    stable = [*SHOP, *added]
    found = canary.derive(stable, [*SHOP, *(added if new is None else new)], {}, "shop", "r", 2)
    assert found.problems == []
    return [doc for doc in found.objects if doc["kind"] not in ("Deployment", "Service")]


def test_a_policy_that_guards_stable_guards_the_canary() -> None:
    own = {"podSelector": {"matchLabels": {INSTANCE: "shop"}}}
    proxy = {"podSelector": {"matchLabels": {"app": "proxy"}}}
    given = policy({**own, "policyTypes": ["Ingress"], "ingress": [{"from": [own, proxy]}]})
    before = copy.deepcopy(given)
    (found,) = mirrored(given)
    assert given == before
    assert found["metadata"]["name"] == "shop-canary"
    assert found["spec"]["podSelector"] == {"matchLabels": OURS}
    gossip = {"podSelector": {"matchLabels": {INSTANCE: "shop-canary"}}}
    assert found["spec"]["ingress"] == [{"from": [own, proxy, gossip]}]


def test_where_stable_is_let_in_the_canary_is() -> None:
    given = policy(
        {
            "podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [{"podSelector": {"matchLabels": {INSTANCE: "shop"}}}], "ports": [{"port": 5432}]},
                {"from": [{"podSelector": {"matchLabels": {"app": "backup"}}}]},
            ],
            "egress": [{}],
        },
        "db",
    )  # fmt: skip
    (found,) = mirrored(given)
    assert found["metadata"]["name"] == "db-canary"
    assert found["spec"] == {
        "podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {INSTANCE: "shop-canary"}}}], "ports": [{"port": 5432}]}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "policyTypes": ["Ingress"]},
        {"podSelector": {"matchLabels": {NAME: "shop"}}, "policyTypes": ["Ingress"], "ingress": [{}]},
        {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
    ],
)
def test_a_policy_that_holds_for_both_is_left_alone(spec: dict[str, Any]) -> None:
    assert mirrored(policy(spec)) == []


def test_the_new_version_of_a_policy_wins() -> None:
    spec = {"podSelector": {"matchLabels": {INSTANCE: "shop"}}, "policyTypes": ["Egress"], "egress": []}
    (found,) = mirrored(policy(spec), new=(policy({**spec, "egress": [{}]}),))
    assert found["spec"]["egress"] == [{}]


def test_what_was_found_in_the_cluster_leaves_its_marks_behind() -> None:
    given = policy({"podSelector": {"matchLabels": {INSTANCE: "shop"}}, "policyTypes": ["Ingress"]}, "by-hand")
    given["metadata"] |= {
        "uid": "1", "resourceVersion": "7", "labels": {"argocd.argoproj.io/instance": "shop", "team": "checkout"},
        "annotations": {"kustomize.toolkit.fluxcd.io/checksum": "1"},
    }  # fmt: skip
    given["status"] = {}
    found = canary.derive(SHOP, SHOP, {"NetworkPolicy/by-hand": given}, "shop", "r", 2).objects[0]
    labels = {"team": "checkout", "app.kubernetes.io/managed-by": "releng-runbooks", "releng.runbooks/release": "r"}
    assert found["metadata"] == {"name": "by-hand-canary", "labels": labels}
    assert "status" not in found


@pytest.mark.parametrize("kind", ["ServiceMonitor", "PodMonitor"])
def test_a_monitor_of_stable_watches_the_canary(kind: str) -> None:
    (found,) = mirrored(monitor(kind, {NAME: "shop", INSTANCE: "shop"}))
    assert found["metadata"]["name"] == "shop-canary"
    assert found["metadata"]["labels"]["release"] == "prometheus"
    assert found["spec"]["selector"] == {"matchLabels": {NAME: "shop", INSTANCE: "shop-canary"}}
    assert mirrored(monitor(kind, {NAME: "shop"})) == [], "it takes both as it is"
    assert mirrored(monitor(kind, {NAME: "basket"})) == []


def test_other_kinds_that_would_cease_to_take_the_canary_are_told() -> None:
    telemetry = {
        "apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry", "metadata": {"name": "shop"},
        "spec": {"selector": {"matchLabels": {INSTANCE: "shop"}}},
    }  # fmt: skip
    calico = {
        "apiVersion": "crd.projectcalico.org/v1", "kind": "GlobalNetworkPolicy", "metadata": {"name": "shop"},
        "spec": {"selector": "app == 'shop'"},
    }  # fmt: skip
    docs = [*SHOP, telemetry, calico]
    found = canary.derive(docs, docs, {}, "shop", "r", 2)
    assert found.problems == []
    assert found.doubts == [
        f"Telemetry shop ({INSTANCE}=shop) takes stable's pods and would not take the canary's.",
        "Whether GlobalNetworkPolicy shop (app == 'shop') guards the canary cannot be told.",
    ]
