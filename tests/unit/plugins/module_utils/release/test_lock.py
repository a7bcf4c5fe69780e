"""The lock of a target: taken, held, taken over; and when its holder has to stop."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    Overtaken,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGED_BY
from ansible_collections.releng.runbooks.plugins.module_utils.release.lock import Held, Lock
from tests.unit.clock import WALL, FakeClock
from tests.unit.fake_kube import FakeKube

NAME = "release-shop"
OURS, THEIRS = "ann@laptop (r1)", "bob@desk (r2)"


class Elsewhere(FakeClock):
    """The clock of another machine: it goes on with ours, and shows another time."""

    def __init__(self, ours: FakeClock) -> None:
        super().__init__()
        self._ours = ours

    def now(self) -> float:
        return self._ours.now() + 5000

    def wall(self) -> datetime.datetime:
        return self._ours.wall() - datetime.timedelta(days=10000)


class World:
    """A cluster, our clock, and locks of ours and of somebody else's who does not share our clock."""

    def __init__(self) -> None:
        self.clock = FakeClock(start=1000.0)
        self.kube = FakeKube(self.clock)
        self.ours = Lock(self.kube, "shop", OURS, self.clock)

    def other(self, holder: str = THEIRS, duration: float = 45.0) -> Lock:
        return Lock(self.kube, "shop", holder, Elsewhere(self.clock), duration)

    @property
    def spec(self) -> dict[str, Any]:
        found = self.kube.peek("Lease", NAME)
        assert found is not None
        spec: dict[str, Any] = found["spec"]
        return spec


@pytest.fixture
def world() -> World:
    return World()


# Taking it


def test_the_first_one_takes_it_with_token_1(world: World) -> None:
    assert world.ours.take() == 1
    assert world.ours.alive()
    assert world.spec == {
        "holderIdentity": OURS, "leaseDurationSeconds": 45, "leaseTransitions": 1,
        "acquireTime": "2026-01-02T03:04:05.000000Z", "renewTime": "2026-01-02T03:04:05.000000Z",
    }  # fmt: skip
    found = world.kube.peek("Lease", NAME)
    assert found is not None and found["metadata"]["labels"] == MANAGED_BY


def test_the_token_is_above_every_one_that_was_seen(world: World) -> None:
    assert world.ours.take(at_least=41) == 42
    world.ours.give_back()
    assert world.other().take(at_least=3) == 43


def test_a_lock_that_was_given_back_is_free_at_once(world: World) -> None:
    other = world.other()
    other.take()
    other.give_back()
    assert world.ours.take() == 2
    assert world.clock.slept == []


def test_our_own_lock_is_renewed_and_keeps_its_token(world: World) -> None:
    world.ours.take()
    world.clock.advance(300)
    again = Lock(world.kube, "shop", OURS, world.clock)
    assert again.take() == 1
    assert world.spec["acquireTime"] < world.spec["renewTime"]
    assert world.clock.slept == [] and again.alive()


def test_our_own_lock_gets_a_higher_token_where_a_higher_one_was_seen(world: World) -> None:
    world.ours.take()
    assert Lock(world.kube, "shop", OURS, world.clock).take(at_least=5) == 6


def test_taking_it_again_after_a_lost_answer_keeps_the_token(world: World) -> None:
    world.kube.fail_next("create", Unreachable("no answer"), after=True)
    with pytest.raises(Unreachable):
        world.ours.take()
    assert not world.ours.alive()
    assert world.ours.take() == 1


# Somebody else has it


def test_a_holder_that_renews_is_alive(world: World) -> None:
    other = world.other()
    other.take()
    world.clock.advance(60)
    world.clock.on_sleep = lambda _seconds: other.renew(force=True) if world.clock.now() >= 1063 else None
    with pytest.raises(Held) as raised:
        world.ours.take()
    assert world.clock.slept == [1.0] * 3, "it is known at the first sign of life"
    assert (raised.value.holder, raised.value.age) == (THEIRS, 63.0)
    assert raised.value.since == "2026-01-02T03:04:05.000000Z", "by the clock of the API server, not of their machine"
    assert "shop is being released by bob@desk (r2), for 1 min 3 s now." in str(raised.value)
    assert raised.value.facts["holder"] == THEIRS
    assert world.spec["holderIdentity"] == THEIRS and not world.ours.alive()


def test_a_silent_holder_is_taken_over_after_the_duration_on_our_clock(world: World) -> None:
    world.other().take(at_least=6)
    said: list[str] = []
    assert world.ours.take(say=said.append) == 8
    assert sum(world.clock.slept) == 45
    assert said == [f"{NAME} is held by {THEIRS}; looking for up to 45 s whether it is still alive"]
    assert world.spec["holderIdentity"] == OURS


def test_its_own_duration_counts_not_ours(world: World) -> None:
    world.other(duration=10).take()
    assert world.ours.take() == 2
    assert sum(world.clock.slept) == 10


def test_times_written_in_a_lock_are_not_believed(world: World) -> None:
    world.other().take()
    world.kube.edit("Lease", NAME, lambda obj: obj["spec"].update(renewTime="1970-01-01T00:00:00.000000Z"))
    world.ours.take()
    assert sum(world.clock.slept) == 45, "however old it says it is, it is watched"


def test_a_lock_without_duration_and_times_can_be_taken_over(world: World) -> None:
    world.kube.add({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME},
        "spec": {"holderIdentity": THEIRS},
    })  # fmt: skip
    assert world.ours.take() == 1
    assert sum(world.clock.slept) == 45


def test_what_becomes_free_while_we_look_is_taken(world: World) -> None:
    other = world.other()
    other.take()
    world.clock.on_sleep = lambda _seconds: other.give_back()
    assert world.ours.take() == 2
    assert world.clock.slept == [1.0]


def test_what_is_deleted_while_we_look_is_made_anew(world: World) -> None:
    world.other().take()
    world.clock.on_sleep = lambda _seconds: world.kube.delete("Lease", NAME, "coordination.k8s.io/v1")
    assert world.ours.take(at_least=1) == 2


def test_a_third_one_that_takes_over_first_is_the_holder(world: World) -> None:
    world.other().take()
    third = world.other("eve@desk (r3)")

    def take_over(_seconds: float) -> None:
        if world.clock.now() == 1030:
            world.kube.edit("Lease", NAME, lambda obj: obj["spec"].update(holderIdentity=""))
            third.take()

    world.clock.on_sleep = take_over
    with pytest.raises(Held, match="eve@desk"):
        world.ours.take()


def test_who_loses_the_race_for_a_silent_lock_looks_again(world: World) -> None:
    other = world.other()
    other.take()
    world.kube.on("replace", lambda _kube: other.renew(force=True))
    world.clock.on_sleep = lambda _seconds: other.renew(force=True) if len(world.clock.slept) > 45 else None
    with pytest.raises(Held):
        world.ours.take()


def test_others_who_are_always_faster(world: World) -> None:
    for _race in range(5):
        world.kube.on("create", lambda _kube: _come_and_go(world.other()))
        world.kube.on("replace", lambda _kube: _come_and_go(world.other()))
    with pytest.raises(Conflict, match="tried 5 times"):
        world.ours.take()


def _come_and_go(lock: Lock) -> None:
    lock.take()
    lock.give_back()


def test_an_outage_is_not_a_free_lock(world: World) -> None:
    world.other().take()
    world.clock.on_sleep = lambda _seconds: world.kube.fail_next("get", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        world.ours.take()
    assert world.spec["holderIdentity"] == THEIRS


# Keeping it


def test_it_is_renewed_every_five_seconds_and_not_more_often(world: World) -> None:
    world.ours.take()
    before = world.kube.requests
    for _second in range(20):
        world.clock.advance(1)
        world.ours.renew()
    assert world.kube.requests - before == 4
    assert world.spec["renewTime"] == "2026-01-02T03:04:25.000000Z"
    assert (world.spec["acquireTime"], world.spec["leaseTransitions"]) == ("2026-01-02T03:04:05.000000Z", 1)
    world.ours.renew(force=True)
    assert world.kube.requests - before == 5


def test_its_holder_stops_at_two_thirds_of_the_duration(world: World) -> None:
    world.ours.take()
    world.clock.advance(29.9)
    assert world.ours.alive()
    world.clock.advance(0.1)
    assert not world.ours.alive()
    world.ours.renew()
    assert world.ours.alive(), "it was silent for long, and nobody took it"


def test_the_time_of_an_answer_on_its_way_is_not_ours(world: World) -> None:
    """It may have been renewed when the request was sent, not when the answer came."""
    world.kube.on("create", lambda _kube: world.clock.advance(20))
    world.ours.take()
    world.clock.advance(10)
    assert not world.ours.alive()
    world.kube.on("json_patch", lambda _kube: world.clock.advance(31))
    world.ours.renew()
    assert not world.ours.alive()


def test_an_outage_does_not_prolong_it(world: World) -> None:
    world.ours.take()
    world.clock.advance(10)
    world.kube.fail_next("json_patch", Unreachable("no answer"), times=2)
    for _again in range(2):
        with pytest.raises(Unreachable):
            world.ours.renew()
    world.clock.advance(19)
    assert world.ours.alive()
    world.clock.advance(1)
    assert not world.ours.alive()


def test_who_was_taken_over_learns_it_at_the_next_renewal(world: World) -> None:
    other = world.other()
    other.take()
    world.ours.take()
    with pytest.raises(Overtaken, match=r"is not held by bob@desk \(r2\) with token 1 any more") as raised:
        other.renew(force=True)
    assert raised.value.facts["found"] == OURS
    assert world.spec["holderIdentity"] == OURS


def test_the_same_holder_with_another_token_is_overtaken(world: World) -> None:
    world.ours.take()
    Lock(world.kube, "shop", OURS, world.clock).take(at_least=9)
    with pytest.raises(Overtaken):
        world.ours.renew(force=True)


def test_a_lock_that_was_removed_is_lost(world: World) -> None:
    world.ours.take()
    world.kube.delete("Lease", NAME, "coordination.k8s.io/v1")
    with pytest.raises(Overtaken, match="was removed while"):
        world.ours.renew(force=True)
    assert world.kube.names("Lease") == []


# Giving it back


def test_giving_it_back_keeps_the_token(world: World) -> None:
    world.ours.take(at_least=4)
    world.ours.give_back()
    assert (world.spec["holderIdentity"], world.spec["leaseTransitions"]) == ("", 5)
    assert not world.ours.alive()
    world.ours.give_back()
    assert world.spec["holderIdentity"] == ""


def test_what_is_not_ours_any_more_is_not_given_back(world: World) -> None:
    other = world.other()
    other.take()
    world.ours.take()
    other.give_back()
    assert world.spec["holderIdentity"] == OURS
    world.kube.delete("Lease", NAME, "coordination.k8s.io/v1")
    world.ours.give_back()
    assert world.kube.names("Lease") == []


def test_times_are_those_of_the_api_server(world: World) -> None:
    world.other().take()
    assert world.spec["acquireTime"] == WALL.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_being_held_is_an_error_for_people() -> None:
    error = Held("shop", THEIRS, "", 5.0)
    assert isinstance(error, RunbookError)
    assert str(error) == f"shop is being released by {THEIRS}, for 5 s now. Wait until it has ended, or stop it there."
