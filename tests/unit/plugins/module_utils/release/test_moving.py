"""Moving traffic: what is written, what happens beside others and in an outage, and the way to the safe side."""
from __future__ import annotations

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Denied,
    NotFound,
    Overtaken,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.release import moving
from ansible_collections.releng.runbooks.plugins.module_utils.traffic.httproute import SETTLE
from tests.unit.plugins.module_utils.release.world import OUTAGE, RESTING, ROUTE, World

STABLE, CANARY = moving.weights(0), moving.weights(100)
SAFE = {
    "beside": "stable", "shifting": "stable", "baking": "stable", "promoting": "canary", "returning": "canary",
    "undoing": "stable", "rolling": "stable",
}  # fmt: skip


def test_weights_are_per_cent_of_both_sides() -> None:
    assert moving.weights(30) == {"stable": 70, "canary": 30}
    assert (moving.of_side("stable"), moving.of_side("canary")) == (STABLE, CANARY)


# Shifting


def test_the_canary_enters_with_nothing_and_gets_its_share_a_moment_later(world: World) -> None:
    session = world.open()
    assert moving.shift(session, session.traffic(), moving.weights(10)).weights == moving.weights(10)
    assert len(world.writes()) == 2 and world.clock.slept == [SETTLE]
    entering = world.writes()[0][2][-1]["value"]
    assert [(one["name"], one["weight"]) for one in entering] == [("shop", 100), ("shop-canary", 0)]
    assert world.backends == [("shop", 90), ("shop-canary", 10)]


def test_a_canary_that_is_in_the_route_gets_its_share_at_once(world: World) -> None:
    session = world.open()
    world.turn(10)
    moving.shift(session, session.traffic(), moving.weights(50))
    assert len(world.writes()) == 1 and world.clock.slept == []


def test_the_same_share_again_writes_nothing(world: World) -> None:
    session = world.open()
    world.turn(10)
    moving.shift(session, session.traffic(), moving.weights(10))
    assert world.writes() == []


def test_nothing_for_the_canary_is_no_reason_to_stay_out_of_the_route(world: World) -> None:
    session = world.open()
    assert moving.shift(session, session.traffic(), STABLE).resting is False
    assert world.backends == [("shop", 100), ("shop-canary", 0)]


def test_every_write_tests_the_token_and_what_was_read(world: World) -> None:
    session = world.open()
    world.turn(10)
    moving.shift(session, session.traffic(), moving.weights(50))
    tests = [one["path"] for one in world.writes()[0][2] if one["op"] == "test"]
    assert tests == ["/metadata/annotations/releng.runbooks~1token", "/spec/rules/0/backendRefs"]


def test_somebody_who_writes_in_between_is_not_overwritten(world: World) -> None:
    session = world.open()
    world.turn(10)
    world.kube.on("json_patch", lambda _kube: world.turn(20))
    with pytest.raises(Overtaken) as raised:
        moving.shift(session, session.traffic(), moving.weights(50))
    assert "backendRefs" in raised.value.facts["path"]
    assert world.backends == [("shop", 80), ("shop-canary", 20)]


def test_who_was_overtaken_writes_nothing(world: World) -> None:
    session = world.open()
    world.turn(10)
    world.take_over()
    with pytest.raises(Overtaken) as raised:
        moving.shift(session, session.traffic(), moving.weights(50))
    assert "annotations" in raised.value.facts["path"]
    assert world.backends == [("shop", 90), ("shop-canary", 10)]


@pytest.mark.parametrize("method", ["get", "json_patch"])
def test_an_outage_of_20_seconds_is_held_through(world: World, method: str) -> None:
    session = world.open()
    world.turn(10)
    world.kube.fail_next(method, OUTAGE, times=20)
    assert moving.shift(session, session.traffic(), moving.weights(50)).weights == moving.weights(50)
    assert sum(world.clock.slept) == 20
    assert world.said == ["holding: The API server does not answer."], "told once, not every second"


def test_an_outage_that_lasts_as_long_as_the_lock_may_ends_it(world: World) -> None:
    session = world.open()
    world.turn(10)
    world.kube.fail_next("json_patch", OUTAGE, times=1000)
    with pytest.raises(Unreachable):
        moving.shift(session, session.traffic(), moving.weights(50))
    assert sum(world.clock.slept) == 30
    assert world.backends == [("shop", 90), ("shop-canary", 10)]


@pytest.mark.parametrize("share", [0, 10])
def test_a_write_whose_answer_was_lost_is_not_sent_twice(world: World, share: int) -> None:
    session = world.open()
    if share:
        world.turn(share)
    world.kube.fail_next("json_patch", OUTAGE, after=True)
    assert moving.shift(session, session.traffic(), moving.weights(50)).weights == moving.weights(50)
    assert len(world.writes()) == (1 if share else 2)
    assert world.backends == [("shop", 50), ("shop-canary", 50)]


def test_a_write_that_never_arrived_is_sent_again(world: World) -> None:
    session = world.open()
    world.turn(10)
    world.kube.fail_next("json_patch", OUTAGE)
    moving.shift(session, session.traffic(), moving.weights(50))
    assert len(world.writes()) == 2 and world.backends == [("shop", 50), ("shop-canary", 50)]


def test_a_canary_that_never_entered_is_let_in_before_it_gets_its_share(world: World) -> None:
    """The weights at rest are those of entering, so they alone do not tell what became of the request."""
    session = world.open()
    world.kube.fail_next("json_patch", OUTAGE)
    moving.shift(session, session.traffic(), moving.weights(10))
    shares = [[one["weight"] for one in ops[-1]["value"]] for _kind, _name, ops, _version in world.writes()]
    assert shares == [[100, 0], [100, 0], [90, 10]]


@pytest.mark.parametrize(("port", "wanted"), [(9090, 9090), (None, 8080)])
def test_the_canary_has_the_port_of_its_service_or_that_of_stable(world: World, port: int | None, wanted: int) -> None:
    route = {key: value for key, value in {**ROUTE, "port": port}.items() if value is not None}
    session = world.open(route=route)
    traffic = session.traffic()
    world.turn(10)
    moving.shift(session, traffic, moving.weights(50))
    assert traffic.read().backends[0]["backendRefs"][1]["port"] == wanted
    assert moving.way_back(session, traffic, "shifting")[-1]["value"][1]["port"] == wanted
    moving.to_safe_side(session, traffic, "shifting")
    assert traffic.read().backends[0]["backendRefs"][1]["port"] == wanted


# Home


def test_the_route_is_put_back_as_the_chart_made_it(world: World) -> None:
    session = world.open()
    world.turn(0)
    assert moving.to_rest(session, session.traffic()).resting
    assert len(world.writes()) == 1
    found = world.kube.peek("HTTPRoute", "shop")
    assert found is not None and found["spec"]["rules"][0]["backendRefs"] == RESTING[0]["backendRefs"]
    assert world.clock.slept == [SETTLE], "it has had weight 0 for a moment"


def test_a_canary_with_weight_loses_it_before_it_leaves(world: World) -> None:
    session = world.open()
    world.turn(40)
    moving.to_rest(session, session.traffic())
    leaving = world.writes()[0][2][-1]["value"]
    assert [(one["name"], one["weight"]) for one in leaving] == [("shop", 100), ("shop-canary", 0)]
    assert len(world.writes()) == 2 and world.clock.slept == [SETTLE]


def test_a_route_at_rest_is_left_alone(world: World) -> None:
    session = world.open()
    moving.to_rest(session, session.traffic())
    assert world.writes() == [] and world.clock.slept == []


# The safe side


@pytest.mark.parametrize(("phase", "side"), SAFE.items())
def test_all_traffic_goes_to_the_safe_side_of_the_phase(world: World, phase: str, side: str) -> None:
    session = world.open(phase=phase)
    world.turn(30)
    assert moving.to_safe_side(session, session.traffic(), phase) == side
    assert len(world.writes()) == 1, "in one request"
    assert dict(world.backends) == ({"shop": 100, "shop-canary": 0} if side == "stable" else
                                    {"shop": 0, "shop-canary": 100})  # fmt: skip
    assert world.clock.slept == [], "at once: a canary at weight 0 stays in the route"


def test_traffic_that_is_on_the_safe_side_already_is_not_written_again(world: World) -> None:
    session = world.open()
    assert moving.to_safe_side(session, session.traffic(), "shifting") == "stable"
    world.turn(0)
    assert moving.to_safe_side(session, session.traffic(), "shifting") == "stable"
    assert world.writes() == []


def test_somebody_elses_weights_are_replaced_once_knowingly(world: World) -> None:
    session = world.open()
    world.turn(10)
    world.kube.on("json_patch", lambda _kube: world.turn(60))
    assert moving.to_safe_side(session, session.traffic(), "shifting") == "stable"
    assert len(world.writes()) == 2, "refused, read again, written"
    assert world.backends == [("shop", 100), ("shop-canary", 0)]


def test_somebody_who_changes_it_all_the_time_is_for_a_person(world: World) -> None:
    session = world.open()
    world.turn(10)
    shares = iter(range(11, 31))
    world.kube.on("json_patch", lambda _kube: world.turn(next(shares)), times=20)
    with pytest.raises(RunbookError, match="The route shop is changed by somebody else again and again"):
        moving.to_safe_side(session, session.traffic(), "shifting")
    assert len(world.writes()) == 5


def test_a_newer_run_decides_where_traffic_goes(world: World) -> None:
    session = world.open()
    world.turn(10)
    world.take_over()
    with pytest.raises(Overtaken):
        moving.to_safe_side(session, session.traffic(), "shifting")
    assert len(world.writes()) == 1 and world.backends == [("shop", 90), ("shop-canary", 10)]


def test_traffic_stays_where_pods_are(world: World) -> None:
    session = world.open()
    world.turn(30)
    world.ready("shop", 0)
    with pytest.raises(RunbookError, match=r"No pod of stable is ready.*: it stays as it is, 30 % on canary\."):
        moving.to_safe_side(session, session.traffic(), "shifting")
    assert world.writes() == []


def test_where_no_side_has_pods_it_goes_to_the_safe_one(world: World) -> None:
    session = world.open()
    world.turn(30)
    world.ready("shop", 0)
    world.ready("shop-canary", 0)
    assert moving.to_safe_side(session, session.traffic(), "shifting") == "stable"


def test_a_canary_that_is_gone_takes_no_traffic(world: World) -> None:
    session = world.open(phase="promoting")
    world.turn(30)
    world.kube.delete("Deployment", "shop-canary", "apps/v1")
    with pytest.raises(RunbookError, match="No pod of canary is ready"):
        moving.to_safe_side(session, session.traffic(), "promoting")


@pytest.mark.parametrize(("method", "times"), [("get", 200), ("json_patch", 200)])
def test_the_way_back_goes_on_through_a_long_outage(world: World, method: str, times: int) -> None:
    session = world.open()
    world.turn(30)
    world.kube.fail_next(method, OUTAGE, times=times)
    assert moving.to_safe_side(session, session.traffic(), "shifting") == "stable"
    assert sum(world.clock.slept) == times, "longer than the lock lasts: its writes carry the token"
    assert world.backends == [("shop", 100), ("shop-canary", 0)]


def test_the_way_back_ends_after_five_minutes_without_an_answer(world: World) -> None:
    session = world.open()
    world.turn(30)
    world.kube.fail_next("get", OUTAGE, times=1000)
    with pytest.raises(Unreachable):
        moving.to_safe_side(session, session.traffic(), "shifting")
    assert sum(world.clock.slept) == 300


def test_an_abort_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    session = world.open()
    world.turn(30)
    world.kube.fail_next("json_patch", OUTAGE, after=True)
    assert moving.to_safe_side(session, session.traffic(), "shifting") == "stable"
    assert len(world.writes()) == 1


def test_a_route_that_is_gone_or_closed_is_told(world: World) -> None:
    session = world.open()
    world.turn(30)
    world.kube.forbid("patch", "httproutes")
    with pytest.raises(Denied):
        moving.to_safe_side(session, session.traffic(), "shifting")
    world.kube.api.objects = {key: obj for key, obj in world.kube.api.objects.items() if key[1] != "HTTPRoute"}
    with pytest.raises(NotFound):
        moving.to_safe_side(session, session.traffic(), "shifting")


# The patch for others


@pytest.mark.parametrize(("phase", "side"), SAFE.items())
def test_whoever_finds_the_state_can_apply_its_patch(world: World, phase: str, side: str) -> None:
    session = world.open(phase=phase)
    world.turn(30)
    ops = moving.way_back(session, session.traffic(), phase)
    world.turn(70)
    assert session.traffic().write(ops).weights == moving.of_side(side), "from any weights"
    with pytest.raises(Overtaken):
        moving.to_safe_side(session, session.traffic(), "returning" if side == "stable" else "shifting")
    assert session.traffic().token() == 2, "the run that was silent is fenced"


def test_the_patch_is_made_through_an_outage(world: World) -> None:
    session = world.open()
    world.kube.fail_next("get", OUTAGE, times=20)
    assert moving.way_back(session, session.traffic(), "shifting")
    assert sum(world.clock.slept) == 20


def gateway_says(world: World, generation: int) -> None:
    """A gateway has taken ``generation`` of the route."""
    conditions = [{"type": "Accepted", "status": "True", "observedGeneration": generation}]
    world.kube.edit("HTTPRoute", "shop", lambda obj: obj.update(status={"parents": [{"conditions": conditions}]}))


def test_a_route_at_rest_waits_until_the_gateway_has_taken_it(world: World) -> None:
    session = world.open(phase="returning", weights=moving.weights(0))
    route = session.traffic()
    moving.shift(session, route, moving.weights(10))
    gateway_says(world, 0)
    begun = world.clock.now()

    def catches_up(_seconds: float) -> None:
        if world.clock.now() - begun >= 20:
            gateway_says(world, 10_000)

    world.clock.on_sleep = catches_up
    found = moving.to_rest(session, route)
    assert found.resting and not found.behind
    assert 20 <= world.clock.now() - begun < 40


def test_a_gateway_that_never_takes_it_is_told_and_holds_nobody_for_ever(world: World) -> None:
    session = world.open(phase="returning", weights=moving.weights(0))
    route = session.traffic()
    moving.shift(session, route, moving.weights(10))
    gateway_says(world, 0)
    assert moving.to_rest(session, route).behind
    assert any("has not taken the route shop in 60 s" in line for line in world.said)
