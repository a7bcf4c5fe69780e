"""What a person pastes: the exact text for each phase, and every word of it quoted."""
from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.release import by_hand, moving
from ansible_collections.releng.runbooks.plugins.module_utils.release.phases import PHASES
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side
from tests.unit.fake_api import patched
from tests.unit.plugins.module_utils.release.world import PINNED, ROUTE, World, state, target

WHERE = target(context="eu")
RESTING = (
    """kubectl --context eu -n shop patch httproute shop --type=json -p '[{"op": "replace", """
    """"path": "/spec/rules/0/backendRefs", "value": """
    """[{"kind": "Service", "name": "shop", "port": 8080, "weight": 1}]}, """
    """{"op": "add", "path": "/metadata/annotations/releng.runbooks~1token", "value": "999999999"}]'"""
)
DELETE = (
    "kubectl --context eu -n shop delete deployments,services,configmaps,secrets,networkpolicies "
    "-l app.kubernetes.io/managed-by=releng-runbooks,releng.runbooks/helm-release=shop"
)
UNPIN = (
    "kubectl --context eu -n shop patch horizontalpodautoscaler shop --type=merge "
    """-p '{"spec": {"minReplicas": 2}}'"""
)
BACK = "helm --kube-context eu -n shop rollback shop 2 --wait"
LEADS = [
    {"op": "test", "path": "/metadata/annotations/releng.runbooks~1token", "value": "1"},
    {"op": "replace", "path": "/metadata/annotations/releng.runbooks~1token", "value": "2"},
    {"op": "replace", "path": "/spec/rules/0/backendRefs", "value": [{"name": "shop-canary", "weight": 100}]},
]
TO_CANARY = (
    """kubectl --context eu -n shop patch httproute shop --type=json -p '[{"op": "replace", """
    """"path": "/spec/rules/0/backendRefs", "value": [{"name": "shop-canary", "weight": 100}]}, """
    """{"op": "add", "path": "/metadata/annotations/releng.runbooks~1token", "value": "999999999"}]'"""
)


@pytest.mark.parametrize(("phase", "wanted"), [
    ("checked", []), ("done", []),
    ("beside", [RESTING, DELETE, UNPIN]), ("shifting", [RESTING, DELETE, UNPIN]), ("baking", [RESTING, DELETE, UNPIN]),
    ("promoting", [TO_CANARY, BACK, RESTING, DELETE, UNPIN]), ("returning", [TO_CANARY, BACK, RESTING, DELETE, UNPIN]),
])  # fmt: skip
def test_the_way_back_of_each_phase(phase: str, wanted: list[str]) -> None:
    leads = LEADS if phase in ("promoting", "returning") else []
    assert by_hand.commands(WHERE, state(phase=phase, pinned=PINNED, way_back=leads)) == wanted


def test_undoing_goes_on_to_the_older_revision() -> None:
    undoing = state(phase="undoing", before=Side("1.4.0", 3), after=Side("1.3.0", 2), route={})
    assert by_hand.commands(WHERE, undoing) == [BACK, DELETE]


def test_a_rolling_release_has_helm_alone() -> None:
    rolling = state(phase="rolling", strategy="rolling", route={}, pinned=PINNED)
    assert by_hand.commands(WHERE, rolling) == [BACK, UNPIN]


def test_before_the_snapshot_there_is_nothing_to_tell() -> None:
    assert by_hand.commands(WHERE, state(phase="beside", route={}, before=Side())) == [DELETE]
    assert by_hand.commands(WHERE, state(phase="promoting", route={}, before=Side())) == [DELETE]


ODD = "a 'b' \"c\"; $(id) `id` & | > \\ *"


@pytest.mark.parametrize("phase", PHASES)
def test_odd_characters_stay_in_one_word(phase: str) -> None:
    """Whatever a shell would make of a name, it reaches kubectl and helm as it is."""
    odd = target(release=ODD, namespace=ODD, context=ODD, kubeconfig=ODD, binary="helm")
    route = {**ROUTE, "name": ODD, "resting": [{"rule": 0, "backendRefs": [{"name": ODD}]}]}
    pinned = [{**PINNED[0], "name": ODD}]
    for line in by_hand.commands(odd, state(phase=phase, route=route, pinned=pinned, way_back=LEADS)):
        words = shlex.split(line)
        assert words[1:3] == ["--kubeconfig", ODD] and words[4:7] == [ODD, "-n", ODD]
        if words[7] == "rollback":
            assert words[8:] == [ODD, "2", "--wait"]
        elif words[7] == "delete":
            assert words[8:10] == [by_hand.KINDS, "-l"] and words[10].endswith(f"helm-release={ODD}")
        else:
            assert words[9] == ODD and json.loads(words[12])


def patches(lines: list[str], world: World) -> Any:
    """The route after what was pasted."""
    found = world.kube.peek("HTTPRoute", "shop")
    for line in lines:
        words = shlex.split(line)
        if "httproute" in words:
            found = patched(found, json.loads(words[words.index("-p") + 1]))
    return found


def test_what_is_pasted_puts_the_route_back_from_anywhere(world: World) -> None:
    resting = world.kube.peek("HTTPRoute", "shop")
    session = world.open()
    world.turn(30)
    after = patches(by_hand.commands(session.target, session.open), world)
    assert resting is not None and after["spec"] == resting["spec"]


def test_what_is_pasted_first_gives_the_canary_all_while_stable_is_upgraded(world: World) -> None:
    session = world.open(phase="promoting")
    world.turn(30)
    session.save(way_back=moving.way_back(session, session.traffic(), "promoting"))
    world.turn(60)
    after = patches(by_hand.commands(session.target, session.open)[:1], world)
    assert [one["weight"] for one in after["spec"]["rules"][0]["backendRefs"]] == [0, 100]


@pytest.mark.parametrize(("target_name", "result", "inventory", "wanted"), [
    ("shop-eu", "stuck", "", "ansible-playbook playbooks/rollback.yml --limit shop-eu"),
    ("shop-eu", "failed", "", "ansible-playbook playbooks/status.yml --limit shop-eu"),
    ("shop-eu", "taken_back", "inventories/prod",
     "ansible-playbook playbooks/status.yml -i inventories/prod --limit shop-eu"),
    ("shop eu", "stuck", "my inventory.yml",
     "ansible-playbook playbooks/rollback.yml -i 'my inventory.yml' --limit 'shop eu'"),
])  # fmt: skip
def test_what_on_call_types_next(target_name: str, result: str, inventory: str, wanted: str) -> None:
    assert by_hand.next_command(target_name, result, inventory) == wanted
