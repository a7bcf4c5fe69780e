"""Weights in an HTTPRoute: what is written, what is refused, and what stands there again in the end."""
from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    NotFound,
    Overtaken,
    Refused,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import TOKEN_ANNOTATION
from ansible_collections.releng.runbooks.plugins.module_utils.traffic import PROVIDERS, HTTPRoute
from tests.unit.fake_kube import FakeKube

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "httproute.yml").read_text())
TOKEN_PATH = "/metadata/annotations/releng.runbooks~1token"
STABLE: dict[str, Any] = {"group": "", "kind": "Service", "name": "shop", "port": 8080, "weight": 1}
# Three rules as charts make them: one shared with another service, one with filters, one that is none of ours.
RULES: list[dict[str, Any]] = [
    {"matches": [{"path": {"value": "/"}}], "backendRefs": [STABLE, {"name": "legacy", "port": 80, "weight": 3}]},
    {"matches": [{"path": {"value": "/api"}}], "backendRefs": [{"name": "shop", "port": 8080, "filters": []}]},
    {"matches": [{"path": {"value": "/static"}}], "backendRefs": [{"name": "assets", "port": 80}]},
]


def route_of(rules: list[dict[str, Any]], token: str | None = None, **more: Any) -> dict[str, Any]:
    annotations = {"meta.helm.sh/release-name": "shop"} | ({TOKEN_ANNOTATION: token} if token else {})
    return {
        "apiVersion": HTTPRoute.API_VERSION, "kind": "HTTPRoute",
        "metadata": {"name": "shop", "annotations": annotations, **more.pop("metadata", {})},
        "spec": {"rules": copy.deepcopy(rules)}, **more,
    }  # fmt: skip


def cluster(rules: list[dict[str, Any]] = RULES, token: str | None = "7", **more: Any) -> FakeKube:
    kube = FakeKube()
    kube.add(route_of(rules, token, **more))
    return kube


def at(share: int) -> dict[str, int]:
    return {"stable": 100 - share, "canary": share}


def rules_of(kube: FakeKube) -> list[dict[str, Any]]:
    found = kube.peek("HTTPRoute", "shop")
    assert found is not None
    rules: list[dict[str, Any]] = found["spec"]["rules"]
    return rules


def shift(route: HTTPRoute, share: int, token: int = 7) -> dict[str, int]:
    current = route.read()
    return route.write(route.patch(current, at(share), token)).weights


# Splitting


@pytest.mark.parametrize("case", CASES["split"], ids=lambda case: case["name"])
def test_one_rule_is_split(case: dict[str, Any]) -> None:
    kube = cluster([{"backendRefs": case["refs"]}])
    route = HTTPRoute(kube, "shop")
    after = route.write(route.patch(route.read(), at(case["share"]), 7, port=case.get("port", 0)))
    assert rules_of(kube)[0]["backendRefs"] == case["want"]
    assert abs(after.weights["canary"] - case["share"]) <= 1
    assert after.resting is False


@pytest.mark.parametrize("share", range(0, 101, 7))
def test_every_share_is_what_is_read_back_and_others_keep_theirs(share: int) -> None:
    kube = cluster()
    route = HTTPRoute(kube, "shop")
    assert shift(route, 33) == at(33)
    assert shift(route, share) == at(share)
    first, second, third = rules_of(kube)
    stable, canary, legacy = (ref["weight"] for ref in first["backendRefs"])
    assert (stable + canary) * 3 == legacy
    assert [ref["weight"] for ref in second["backendRefs"]] == [100 - share, share]
    assert third == RULES[2]


def test_stable_at_weight_0_has_nothing_to_give() -> None:
    kube = cluster([{"backendRefs": [{"name": "shop", "port": 8080, "weight": 0}, {"name": "legacy", "port": 80}]}])
    route = HTTPRoute(kube, "shop")
    with pytest.raises(Refused, match="gives Service shop no weight"):
        route.patch(route.read(), at(10), 7)


@pytest.mark.parametrize("weights", [
    {}, {"canary": 10}, {"stable": 100, "canary": 10}, {"stable": 110, "canary": -10}, {"stable": -1, "canary": 101},
])  # fmt: skip
def test_weights_that_make_no_sense_are_refused(weights: dict[str, int]) -> None:
    route = HTTPRoute(cluster(), "shop")
    with pytest.raises(Refused, match="are not allowed"):
        route.patch(route.read(), weights, 7)


# Reading


def test_what_stands_there_at_rest() -> None:
    seen = HTTPRoute(cluster(), "shop").read()
    assert (seen.weights, seen.token, seen.resting) == (at(0), 7, True)
    assert seen.backends == [{"rule": index, "backendRefs": RULES[index]["backendRefs"]} for index in (0, 1)]


def test_one_rule_alone_can_be_shifted() -> None:
    kube = cluster()
    assert shift(HTTPRoute(kube, "shop", rule=1), 40) == at(40)
    assert rules_of(kube)[0] == RULES[0]
    assert HTTPRoute(kube, "shop", rule=0).read().resting is True


def test_rules_that_differ_show_the_highest_share() -> None:
    kube = cluster()
    shift(HTTPRoute(kube, "shop", rule=1), 40)
    shift(HTTPRoute(kube, "shop", rule=0), 10)
    assert HTTPRoute(kube, "shop").read().weights == at(40)


def test_a_canary_below_half_a_per_cent_still_is_in_the_route() -> None:
    refs = [{"name": "shop", "port": 8080, "weight": 999}, {"name": "shop-canary", "port": 8080, "weight": 1}]
    seen = HTTPRoute(cluster([{"backendRefs": refs}]), "shop").read()
    assert (seen.weights, seen.resting) == (at(0), False)


@pytest.mark.parametrize("case", CASES["verdict"], ids=lambda case: case["name"])
def test_what_the_gateway_says(case: dict[str, Any]) -> None:
    status = {"parents": [{"conditions": conditions} for conditions in case["parents"]]}
    kube = cluster(metadata={"generation": case["generation"]}, status=status)
    seen = HTTPRoute(kube, "shop").read()
    assert (seen.settled, seen.problem) == (case["settled"], case["problem"])


def test_a_route_is_settled_again_when_the_gateway_has_seen_the_change() -> None:
    conditions = [{"type": "Accepted", "status": "True", "observedGeneration": 1}]
    kube = cluster(status={"parents": [{"conditions": conditions}]})
    route = HTTPRoute(kube, "shop")
    assert route.read().settled is True
    assert route.write(route.patch(route.read(), at(10), 7)).settled is False

    def see(obj: dict[str, Any]) -> None:
        obj["status"]["parents"][0]["conditions"][0]["observedGeneration"] = obj["metadata"]["generation"]

    kube.edit("HTTPRoute", "shop", see)
    assert route.read().settled is True


def test_no_such_route_rule_or_service() -> None:
    with pytest.raises(NotFound, match="HTTPRoute shop/shop does not exist"):
        HTTPRoute(FakeKube(), "shop").read()
    with pytest.raises(Refused, match="has 3 rules; rule 3 does not exist"):
        HTTPRoute(cluster(), "shop", rule=3).read()
    with pytest.raises(Refused, match="rule 2 does not lead to Service shop.*assets, legacy, shop"):
        HTTPRoute(cluster(), "shop", rule=2).read()
    with pytest.raises(Refused, match="no rule leads to Service cart"):
        HTTPRoute(cluster(), "shop", stable="cart").read()
    with pytest.raises(Refused, match="Services in its rules: none"):
        HTTPRoute(cluster([{"filters": []}]), "shop").read()


# Coming and going


def test_a_canary_enters_and_leaves_at_weight_0() -> None:
    kube = cluster()
    route = HTTPRoute(kube, "shop")
    rest = route.read()
    assert route.first(rest, at(10)) == at(0)
    assert route.first(rest, at(0)) is None
    assert route.first(rest, at(0), resting=rest.backends) is None
    shift(route, 10)
    there = route.read()
    assert route.first(there, at(50)) is None
    assert route.first(there, at(0), resting=rest.backends) == at(0)
    shift(route, 0)
    assert route.first(route.read(), at(0), resting=rest.backends) is None


def test_what_stood_there_at_rest_is_put_back_to_the_byte() -> None:
    kube = cluster()
    before = json.dumps(rules_of(kube))
    route = HTTPRoute(kube, "shop")
    resting = json.loads(json.dumps(route.read().backends))  # as it lies in the release state in between
    for share in (0, 10, 100, 50, 0):
        shift(route, share)
    after = route.write(route.patch(route.read(), at(0), 7, resting=resting))
    assert json.dumps(rules_of(kube)) == before
    assert (after.resting, after.weights) == (True, at(0))


# Fencing


def test_a_patch_tests_token_and_old_backends_before_it_replaces() -> None:
    route = HTTPRoute(cluster(), "shop")
    ops = route.patch(route.read(), at(10), 7)
    assert [(op["op"], op["path"]) for op in ops] == [
        ("test", TOKEN_PATH), ("test", "/spec/rules/0/backendRefs"), ("test", "/spec/rules/1/backendRefs"),
        ("replace", "/spec/rules/0/backendRefs"), ("replace", "/spec/rules/1/backendRefs"),
    ]  # fmt: skip
    assert ops[0]["value"] == "7"


def test_who_was_overtaken_changes_nothing() -> None:
    kube = cluster()
    old, new = HTTPRoute(kube, "shop"), HTTPRoute(kube, "shop")
    ops = old.patch(old.read(), at(50), 7)
    new.claim(8)
    before = rules_of(kube)
    with pytest.raises(Overtaken) as raised:
        old.write(ops)
    assert raised.value.facts == {"path": TOKEN_PATH, "expected": "7", "found": "8"}
    with pytest.raises(Overtaken):  # reading again does not help
        shift(old, 50, token=7)
    assert rules_of(kube) == before
    assert shift(new, 50, token=8) == at(50)


def test_what_somebody_else_wrote_is_not_overwritten() -> None:
    kube = cluster()
    route = HTTPRoute(kube, "shop")
    ops = route.patch(route.read(), at(50), 7)
    kube.edit("HTTPRoute", "shop", lambda obj: obj["spec"]["rules"][1]["backendRefs"][0].update(weight=5))
    with pytest.raises(Overtaken, match="somebody else changed it") as raised:
        route.write(ops)
    assert raised.value.facts["path"] == "/spec/rules/1/backendRefs"


def test_a_route_without_a_token_has_to_be_claimed_first() -> None:
    kube = cluster(token=None)
    route = HTTPRoute(kube, "shop")
    assert (route.token(), route.read().token) == (0, 0)
    with pytest.raises(Overtaken):
        shift(route, 10, token=1)
    route.claim(1)
    assert route.token() == 1
    assert shift(route, 10, token=1) == at(10)


def test_claiming_leaves_other_annotations_and_traffic_alone() -> None:
    kube = cluster()
    HTTPRoute(kube, "shop").claim(8)
    found = kube.peek("HTTPRoute", "shop")
    assert found is not None
    assert found["metadata"]["annotations"] == {"meta.helm.sh/release-name": "shop", TOKEN_ANNOTATION: "8"}
    assert found["spec"]["rules"] == RULES and found["metadata"]["generation"] == 1


def test_claiming_again_writes_nothing() -> None:
    kube = cluster()
    HTTPRoute(kube, "shop").claim(7)
    assert [name for name, _args in kube.calls] == ["get"]


def test_a_higher_token_refuses_the_claim() -> None:
    kube = cluster()
    with pytest.raises(Overtaken, match="carries token 7, ours is 6"):
        HTTPRoute(kube, "shop").claim(6)
    assert HTTPRoute(kube, "shop").token() == 7


def test_a_higher_token_written_in_the_middle_of_a_claim_refuses_it() -> None:
    kube = cluster()
    kube.on("merge_patch", lambda them: them.edit(
        "HTTPRoute", "shop", lambda obj: obj["metadata"]["annotations"].update({TOKEN_ANNOTATION: "9"})
    ))  # fmt: skip
    with pytest.raises(Overtaken, match="carries token 9, ours is 8"):
        HTTPRoute(kube, "shop").claim(8)


def test_a_claim_outlives_writers_of_status() -> None:
    kube = cluster()
    busy = lambda them: them.edit("HTTPRoute", "shop", lambda obj: obj.update(status={"parents": [len(them.calls)]}))  # noqa: E731
    kube.on("merge_patch", busy, times=3)
    route = HTTPRoute(kube, "shop")
    route.claim(8)
    assert route.token() == 8
    kube.on("merge_patch", busy, times=99)
    with pytest.raises(Conflict, match="not claimed in 5 attempts"):
        route.claim(9)


def test_an_annotation_that_was_edited_by_hand_is_named() -> None:
    with pytest.raises(Refused, match="is 'seven', not a whole number"):
        HTTPRoute(cluster(token="seven"), "shop").read()


def test_an_outage_passes_through() -> None:
    kube = cluster()
    kube.fail_next("json_patch", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        shift(HTTPRoute(kube, "shop"), 10)


# The way back for somebody else


@pytest.mark.parametrize("share", [0, 10, 100])
def test_the_way_back_leads_from_any_weights_and_fences_the_run(share: int) -> None:
    kube = cluster()
    route = HTTPRoute(kube, "shop")
    shift(route, 10)
    ops = json.loads(json.dumps(route.way_back(route.read(), at(0), 7)))
    shift(route, share)
    kube.json_patch("HTTPRoute", "shop", ops, HTTPRoute.API_VERSION)
    seen = route.read()
    assert (seen.weights, seen.token, seen.resting) == (at(0), 8, False)
    with pytest.raises(Overtaken):
        shift(route, 50, token=7)


def test_the_way_back_is_taken_once_and_not_after_a_newer_run() -> None:
    kube = cluster()
    route = HTTPRoute(kube, "shop")
    shift(route, 10)
    ops = route.way_back(route.read(), at(100), 7)
    route.write(ops)
    assert route.read().weights == at(100)
    with pytest.raises(Overtaken):
        route.write(ops)


def test_the_way_back_to_rest_takes_the_canary_out() -> None:
    kube = cluster()
    route = HTTPRoute(kube, "shop")
    resting = route.read().backends
    shift(route, 10)
    route.write(route.way_back(route.read(), at(0), 7, resting=resting))
    assert rules_of(kube) == RULES


def test_it_is_known_by_its_name() -> None:
    assert {"httproute": HTTPRoute} == PROVIDERS
