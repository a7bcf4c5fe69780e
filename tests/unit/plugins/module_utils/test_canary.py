"""The canary that is derived: what it takes from the new version, what it leaves, and when it is refused."""
from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import canary
from ansible_collections.releng.runbooks.plugins.module_utils.canary import Canary
from ansible_collections.releng.runbooks.plugins.module_utils.canary_labels import matches, pod_selector

CASES = Path(__file__).parents[2] / "cases"
SHOP: list[dict[str, Any]] = yaml.safe_load((CASES / "canary_shop.yml").read_text())
REFUSED: list[dict[str, Any]] = yaml.safe_load((CASES / "canary_refused.yml").read_text())
NAME, INSTANCE, TRACK = "app.kubernetes.io/name", "app.kubernetes.io/instance", "releng.runbooks/track"


def put(docs: list[dict[str, Any]], kind: str, changes: dict[str, Any], name: str = "shop") -> list[dict[str, Any]]:
    """A copy of ``docs`` with each value put at its dotted path in the object of that kind and name."""
    docs = copy.deepcopy(docs)
    found = one(docs, kind, name)
    for path, value in changes.items():
        place: Any = found
        *steps, last = path.split(".")
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        place[last] = value
    return docs


def one(docs: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(doc for doc in docs if doc["kind"] == kind and doc["metadata"]["name"] == name)


def derive(stable: Any = SHOP, new: Any = SHOP, live: Any = (), **how: Any) -> Canary:
    known = {f"{doc['kind']}/{doc['metadata']['name']}": doc for doc in live}
    return canary.derive(stable, new, known, "shop", "20260101T000000Z-abc123", 3, **how)


def made(found: Canary) -> list[str]:
    return [f"{doc['kind']}/{doc['metadata']['name']}" for doc in found.objects]


def test_only_what_must_run_is_taken() -> None:
    found = derive(new=put(SHOP, "Deployment", {"spec.template.spec.containers.0.image": "shop:2"}))
    assert made(found) == ["Deployment/shop-canary", "Service/shop-canary"]
    assert (found.workload, found.service) == ("shop-canary", "shop-canary")
    assert (found.stable_service, found.port) == ("shop", 8080)
    assert (found.problems, found.matched, found.doubts) == ([], [], [])
    deployment = found.objects[0]
    assert deployment["spec"]["replicas"] == 3
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:2"


def test_what_is_handed_in_is_not_changed() -> None:
    stable, new = copy.deepcopy(SHOP), put(SHOP, "ConfigMap", {"data": {"greeting": "ahoy"}})
    before = copy.deepcopy(new)
    derive(stable, new)
    assert (stable, new) == (SHOP, before)


def test_every_object_is_known_as_ours() -> None:
    for doc in derive(new=put(SHOP, "Secret", {"stringData": {"dsn": "x"}})).objects:
        labels = doc["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "releng-runbooks"
        assert labels["releng.runbooks/release"] == "20260101T000000Z-abc123"


def test_no_selector_takes_pods_of_the_other_side() -> None:
    found = derive()
    stable_pods = one(SHOP, "Deployment", "shop")["spec"]["template"]["metadata"]["labels"]
    canary_pods = one(found.objects, "Deployment", "shop-canary")["spec"]["template"]["metadata"]["labels"]
    ours = [selector for doc in found.objects if (selector := pod_selector(doc))]
    theirs = [selector for doc in SHOP if (selector := pod_selector(doc))]
    assert len(ours) == 2 and len(theirs) == 3
    assert all(matches(selector, canary_pods) and not matches(selector, stable_pods) for selector in ours)
    assert all(matches(selector, stable_pods) and not matches(selector, canary_pods) for selector in theirs)
    assert canary_pods == {NAME: "shop", INSTANCE: "shop-canary", "team": "checkout", TRACK: "canary"}
    assert found.selector == {NAME: "shop", INSTANCE: "shop-canary", TRACK: "canary"}


def test_the_service_is_inside_the_cluster_only() -> None:
    service = one(derive().objects, "Service", "shop-canary")
    assert service["spec"] == {
        "type": "ClusterIP", "selector": {NAME: "shop", INSTANCE: "shop-canary", TRACK: "canary"},
        "ports": [{"name": "metrics", "port": 9090, "targetPort": "metrics"},
                  {"name": "http", "port": 8080, "targetPort": "http"}],
    }  # fmt: skip
    assert service["metadata"]["annotations"] == {"projectcontour.io/upstream-protocol.h2c": "http"}
    assert one(derive().objects, "Deployment", "shop-canary")["metadata"]["annotations"] == {"owner": "checkout"}


def test_config_that_differs_is_copied_and_named_everywhere() -> None:
    new = put(SHOP, "ConfigMap", {"data": {"greeting": "ahoy"}})
    new = put(new, "Secret", {"stringData": {"dsn": "postgres://elsewhere"}})
    found = derive(new=new)
    assert sorted(made(found)[:2]) == ["ConfigMap/shop-canary", "Secret/shop-canary"]
    assert one(found.objects, "ConfigMap", "shop-canary")["data"] == {"greeting": "ahoy"}
    spec = one(found.objects, "Deployment", "shop-canary")["spec"]["template"]["spec"]
    assert spec["initContainers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "shop-canary"
    assert spec["containers"][0]["env"][0]["valueFrom"]["configMapKeyRef"]["name"] == "shop-canary"
    assert [source["name"] for entry in spec["containers"][0]["envFrom"] for source in entry.values()] == [
        "shop-shared", "from-elsewhere",
    ]  # fmt: skip
    config, secret, both = spec["volumes"]
    assert (config["configMap"]["name"], secret["secret"]["secretName"]) == ("shop-canary", "shop-canary")
    sources = both["projected"]["sources"]
    assert sources[:2] == [{"configMap": {"name": "shop-canary"}}, {"secret": {"name": "shop-canary"}}]


def test_config_that_is_new_is_copied_and_labels_of_it_make_no_difference() -> None:
    stable = [doc for doc in SHOP if doc["kind"] != "Secret"]
    new = put(SHOP, "ConfigMap", {"metadata.labels": {"helm.sh/chart": "shop-2"}})
    assert made(derive(stable, new)) == ["Secret/shop-canary", "Deployment/shop-canary", "Service/shop-canary"]


def test_spread_over_nodes_means_its_own_pods() -> None:
    spec = one(derive().objects, "Deployment", "shop-canary")["spec"]["template"]["spec"]
    assert spec["topologySpreadConstraints"][0]["labelSelector"] == {"matchLabels": {INSTANCE: "shop-canary"}}
    affinity = spec["affinity"]["podAntiAffinity"]
    preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]["labelSelector"]
    assert preferred["matchExpressions"][0]["values"] == ["shop-canary"]
    required = affinity["requiredDuringSchedulingIgnoredDuringExecution"][0]["labelSelector"]
    assert required == {"matchLabels": {"app": "batch"}}


def test_a_paused_deployment_gives_a_canary_that_rolls_out() -> None:
    found = derive(new=put(SHOP, "Deployment", {"spec.paused": True}))
    assert "paused" not in one(found.objects, "Deployment", "shop-canary")["spec"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_refused(case: dict[str, Any]) -> None:
    both = {"stable": SHOP, "new": SHOP}
    for side in [case["only"]] if "only" in case else list(both):
        docs = put(both[side], case["kind"], case["put"]) if "put" in case else both[side]
        both[side] = [*docs, case["add"]] if "add" in case else docs
    found = derive(**both)
    assert len(found.problems) == 1, found.problems
    assert case["problem"] in found.problems[0]
    assert bool(found.matched) == ("would take the canary's pods" in found.problems[0])


def test_selectors_of_other_releases_are_looked_at() -> None:
    other = copy.deepcopy(one(SHOP, "Service", "shop"))
    other["metadata"]["name"] = "shop-canary-of-others"
    other["spec"]["selector"] = {NAME: "shop", INSTANCE: "shop-canary"}
    found = derive(live=[other])
    assert found.matched == [f"Service shop-canary-of-others ({INSTANCE}=shop-canary, {NAME}=shop)"]


def test_what_is_left_of_a_former_canary_is_not_in_the_way() -> None:
    former = derive()
    again = derive(live=former.objects)
    assert (again.problems, again.objects) == ([], former.objects)


def test_a_service_that_takes_by_another_label_changes_that_label() -> None:
    other = put(SHOP, "Service", {"spec.selector": {"team": "checkout"}, "metadata.name": "all-of-checkout"})
    found = derive(live=[one(other, "Service", "all-of-checkout")])
    labels = one(found.objects, "Deployment", "shop-canary")["spec"]["template"]["metadata"]["labels"]
    assert labels == {NAME: "shop", INSTANCE: "shop-canary", "team": "checkout-canary", TRACK: "canary"}
    assert found.problems == []


def test_hooks_that_an_upgrade_runs_need_a_word() -> None:
    hooks = ["Job shop-migrate (pre-upgrade)"]
    assert "Job shop-migrate (pre-upgrade)" in derive(hooks=hooks).problems[0]
    assert "helm_release_hooks" in derive(hooks=hooks).problems[0]
    assert derive(hooks=hooks, allow_hooks=True).problems == []


def test_which_of_several_services() -> None:
    second = put(SHOP, "Service", {"metadata.name": "shop-admin"})
    both = [*SHOP, one(second, "Service", "shop-admin")]
    assert derive(both, both).stable_service == "shop"
    assert derive(both, both, service="shop-admin").service == "shop-admin-canary"
    assert "No Service basket takes" in derive(both, both, service="basket").problems[0]
    neither = put(both, "Service", {"metadata.name": "shop-web"})
    assert "shop-web, shop-admin; say which one" in derive(neither, neither).problems[0]


def test_a_name_that_is_too_long_is_told_and_labels_stay_labels() -> None:
    long = "s" * 60
    labels = {INSTANCE: long}
    docs = put(SHOP, "Service", {"spec.selector": labels, "metadata.name": long})
    docs = put(docs, "Deployment", {"spec.template.metadata.labels": labels, "spec.selector.matchLabels": labels})
    found = derive(docs, docs)
    assert "has a name of 67 characters, and 63 are allowed" in found.problems[0]
    assert found.selector[INSTANCE] == "s" * 56 + "-canary"


def test_rights_and_ports_of_the_node_are_doubts() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "shop"}, "rules": []}
    wider = {**role, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    new = put(SHOP, "Deployment", {"spec.template.spec.containers.0.ports": [{"containerPort": 1, "hostPort": 80}]})
    found = derive([*SHOP, role], [*new, wider])
    assert found.problems == []
    assert "takes port 80 of its node" in found.doubts[0] and "Role shop differs" in found.doubts[1]


def test_digest_tells_what_pods_would_be_different() -> None:
    digest = canary.pod_template_digest(SHOP)
    assert digest == canary.pod_template_digest(list(reversed(SHOP))) and len(digest) == 64
    assert digest == canary.pod_template_digest(put(SHOP, "Deployment", {"spec.replicas": 9}))
    assert digest != canary.pod_template_digest(put(SHOP, "Deployment", {"spec.template.spec.hostNetwork": True}))
    assert digest != canary.pod_template_digest(put(SHOP, "ConfigMap", {"data": {"greeting": "ahoy"}}))
    assert digest != canary.pod_template_digest(put(SHOP, "Secret", {"stringData": {"dsn": "x"}}))


def test_images() -> None:
    assert canary.images(SHOP, "shop") == ["registry.example.com/shop-tools:1", "registry.example.com/shop:1.0.0"]
    assert canary.images(SHOP, "basket") == []
