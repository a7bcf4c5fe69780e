"""What stands on a target, for people and for rollbacks; looking changes nothing and takes no lock."""
from __future__ import annotations

import datetime

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.release import by_hand, status
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side
from tests.unit.clock import WALL
from tests.unit.plugins.module_utils.release.world import BY, OURS, RUN, World, entry, state

NOW = WALL + datetime.timedelta(minutes=10)
CHANGES = {"create", "apply", "json_patch", "merge_patch", "replace", "delete"}


def lines(world: World) -> list[str]:
    return status.lines(status.read(world.session), NOW)


def test_a_target_where_nothing_was_ever_released(world: World) -> None:
    found = status.read(world.session)
    assert (found.version, found.revision, found.pods) == ("1.3.0", 2, "4 of 4 pods available")
    assert (found.weights, found.under_way, found.last, found.latest, found.undoable) == ({}, {}, {}, {}, {})
    assert lines(world) == [
        "shop 1.3.0 (revision 2) · 4 of 4 pods available", "can go back to: 1.0.0 (revision 1)",
    ]
    assert not [name for name, _arguments in world.kube.calls if name in CHANGES]


def test_a_target_where_nothing_is_installed(world: World) -> None:
    world.helm.revisions = []
    world.kube.delete("Deployment", "shop", "apps/v1")
    assert lines(world) == ["shop of no known version (revision 0) · no workload", "can go back to: none"]


def test_after_a_release(world: World) -> None:
    states.save(world.kube, "shop", state(
        release="r1", phase="done", result="released", after=Side("1.3.0", 2), history=[entry("r1")],
    ))  # fmt: skip
    found = status.read(world.session)
    assert found.undoable == entry("r1") == found.last
    assert (found.latest, found.by_hand) == ({"release": "r1", "at": entry("r1")["at"]}, [])
    assert found.candidates == [{"revision": 1, "version": "1.2.0", "release": ""}]
    assert lines(world)[1:] == [
        f"last: release r1 by {BY}, 14 min 5 s ago, released", "can go back to: 1.2.0 (revision 1)",
    ]


def test_what_was_taken_back_is_told_so(world: World) -> None:
    states.save(world.kube, "shop", state(
        release="r1", phase="done", result="taken_back", history=[entry("r1", result="taken_back", at="nonsense")],
    ))  # fmt: skip
    assert lines(world)[1] == f"last: release r1 by {BY}, an unknown time ago, taken back"


def test_a_release_under_way(world: World) -> None:
    world.open(phase="promoting")
    world.turn(100)
    found = status.read(world.session)
    assert found.weights == {"stable": 0, "canary": 100}
    assert found.under_way == {
        "release": RUN, "procedure": "release", "phase": "promoting", "by": BY, "safe_side": "canary",
        "since": "2026-01-02T03:00:00+00:00", "holder": OURS,
    }
    assert found.latest["release"] == RUN
    assert found.by_hand == by_hand.commands(world.session.target, world.stored) != []
    told = lines(world)
    assert [one.removeprefix("by hand: ") for one in told if one.startswith("by hand: ")] == found.by_hand
    assert told[1:3] == [
        "traffic: 100 % on canary, 0 % on stable",
        f"under way: release {RUN} by {BY}, since 14 min 5 s, promoting, safe side canary, held by {OURS}",
    ]


@pytest.mark.parametrize("lease", [True, False])
def test_a_release_that_nobody_leads_any_more(world: World, lease: bool) -> None:
    world.open(phase="rolling", strategy="rolling", route={}, before=Side())
    if lease:
        world.session.lock.give_back()
    else:
        world.kube.delete("Lease", "release-shop", "coordination.k8s.io/v1")
    assert lines(world)[-2].endswith("rolling, no side is safe alone, nobody holds its lock")


def test_a_stuck_one_is_under_way(world: World) -> None:
    states.save(world.kube, "shop", state(result="stuck", phase="returning"))
    assert status.read(world.session).under_way["phase"] == "returning"


def test_pods_that_do_not_come_are_told_with_the_cause(world: World) -> None:
    world.kube.edit("Deployment", "shop", lambda obj: obj["status"].update(updatedReplicas=1))
    assert status.read(world.session).pods == "shop: 1 of 4 pods updated"


def test_a_route_that_cannot_be_read_is_no_reason_to_say_nothing(world: World) -> None:
    world.open()
    world.kube.forbid("get", "httproutes")
    assert status.read(world.session).weights == {}


def test_an_outage_is_not_taken_for_an_empty_target(world: World) -> None:
    world.kube.fail_next("get", Unreachable("no answer"), times=1000)
    with pytest.raises(Unreachable):
        status.read(world.session)


def test_a_state_that_cannot_be_read_is_refused_not_passed_over(world: World) -> None:
    states.save(world.kube, "shop", state())
    world.kube.edit("ConfigMap", "release-shop", lambda obj: obj["data"].update({"state.json": "{"}))
    with pytest.raises(Refused, match="somebody edited it"):
        status.read(world.session)


def test_a_time_ahead_of_ours_is_now(world: World) -> None:
    states.save(world.kube, "shop", state(
        phase="done", result="released", history=[entry(at=(NOW + datetime.timedelta(hours=1)).isoformat())],
    ))  # fmt: skip
    assert "0 s ago" in lines(world)[1]
