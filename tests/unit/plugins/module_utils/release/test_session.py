"""One target in the hands of one run: resumed, saved, held through outages, recorded."""
from __future__ import annotations

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Denied,
    NotFound,
    Overtaken,
    Refused,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.module_utils.release.lock import Held
from tests.unit.plugins.module_utils.release.world import OURS, OUTAGE, RUN, THEIRS, World, state

# Resuming


def test_every_worker_of_a_run_goes_on_with_its_release(world: World) -> None:
    world.open()
    again = world.run()
    assert again.resume().release == RUN
    assert (again.lock.token, again.lock.alive()) == (1, True)
    assert world.lease["holderIdentity"] == OURS


def test_a_door_that_is_reached_without_a_release_changes_nothing(world: World) -> None:
    with pytest.raises(Refused, match="No release of this run is open on shop-eu: nothing is changed without one"):
        world.session.resume()
    assert world.kube.names("Lease") == []


@pytest.mark.parametrize("change", [{"release": "r0"}, {"result": "released", "phase": "done"}, {"result": "stuck"}])
def test_another_release_or_one_that_has_ended_is_not_gone_on_with(world: World, change: dict[str, str]) -> None:
    states.save(world.kube, "shop", state(**change))
    with pytest.raises(Refused, match="No release of this run is open"):
        world.session.resume()
    assert world.kube.names("Lease") == []


def test_who_finds_another_run_at_work_stops(world: World) -> None:
    world.open()
    world.kube.edit("Lease", "release-shop", lambda obj: obj["spec"].update(holderIdentity=THEIRS, leaseTransitions=2))
    other = world.other()
    other.token = 2
    world.clock.on_sleep = lambda _seconds: other.renew(force=True)
    with pytest.raises(Held, match="is being released by bob@desk"):
        world.run().resume()
    assert world.lease["holderIdentity"] == THEIRS


def test_a_lock_that_was_taken_and_given_back_meanwhile_is_lost(world: World) -> None:
    """Nobody holds it now, but somebody may have acted: and who looks does not keep the next one waiting."""
    world.open()
    world.kube.edit("Lease", "release-shop", lambda obj: obj["spec"].update(holderIdentity="", leaseTransitions=2))
    with pytest.raises(Refused, match="The lock of shop-eu was lost: its token is 3 now, this release had 1"):
        world.run().resume()
    assert world.lease["holderIdentity"] == ""
    assert world.other().take() == 4 and world.clock.slept == []


def test_a_lock_that_was_removed_is_lost(world: World) -> None:
    world.open()
    world.kube.delete("Lease", "release-shop", "coordination.k8s.io/v1")
    with pytest.raises(Refused, match="was lost"):
        world.run().resume()


def test_it_is_resumed_through_an_outage(world: World) -> None:
    world.open()
    world.kube.fail_next("get", OUTAGE, times=10)
    world.kube.fail_next("replace", OUTAGE, times=10)
    assert world.run().resume().release == RUN
    assert sum(world.clock.slept) == 20


def test_the_state_has_to_be_read_first(world: World) -> None:
    with pytest.raises(RunbookError, match="The release state of shop-eu has not been read"):
        _ = world.session.open


# Saving


def test_what_is_saved_carries_the_clock_of_the_cluster(world: World) -> None:
    session = world.open()
    world.clock.advance(60)
    session.save(phase="baking", weights={"stable": 0, "canary": 100})
    assert (world.stored.phase, world.stored.weights) == ("baking", {"stable": 0, "canary": 100})
    assert world.stored.updated == "2026-01-02T03:05:05+00:00"


@pytest.mark.parametrize(("method", "after"), [("server_time", False), ("replace", False), ("replace", True)])
def test_it_is_saved_through_an_outage(world: World, method: str, after: bool) -> None:
    session = world.open()
    world.kube.fail_next(method, OUTAGE, times=20, after=after)
    session.save(phase="baking")
    assert world.stored.phase == "baking" and sum(world.clock.slept) == 20


def test_who_was_overtaken_saves_nothing(world: World) -> None:
    session = world.open()
    world.take_over()
    with pytest.raises(Overtaken, match="release r3 by bob@desk has taken over"):
        session.save(phase="baking")
    assert (world.stored.phase, world.stored.release) == ("shifting", "r3")


# Outages


def test_an_outage_is_told_once_and_ends_where_the_lock_would(world: World) -> None:
    calls: list[float] = []

    def call() -> None:
        calls.append(world.clock.now())
        raise OUTAGE

    with pytest.raises(Unreachable):
        world.session.retry(call)
    assert (calls[0], calls[-1], len(calls)) == (1000.0, 1030.0, 31)
    assert world.said == ["holding: The API server does not answer."]


def test_patience_may_be_given(world: World) -> None:
    world.kube.fail_next("get", OUTAGE, times=1000)
    with pytest.raises(Unreachable):
        world.session.retry(lambda: world.kube.get("ConfigMap", "x"), 5.0)
    assert sum(world.clock.slept) == 5


def test_who_is_asked_to_stop_does_not_wait_for_an_answer(world: World) -> None:
    world.session.asked = lambda: "interrupted by SIGINT"
    world.kube.fail_next("get", OUTAGE, times=1000)
    with pytest.raises(RunbookError, match="^Interrupted by SIGINT, while there was no answer"):
        world.session.retry(lambda: world.kube.get("ConfigMap", "x"))
    assert world.clock.slept == []


def test_the_way_back_goes_on_whoever_asks_it_to_stop(world: World) -> None:
    world.session.asked = lambda: "interrupted by SIGINT"
    world.kube.fail_next("get", OUTAGE, times=3)
    assert world.session.retry(lambda: world.kube.get("ConfigMap", "x"), 5.0) is None
    assert sum(world.clock.slept) == 3


@pytest.mark.parametrize("error", [Denied("No."), NotFound("No."), Overtaken("No.")])
def test_an_answer_is_not_asked_for_twice(world: World, error: RunbookError) -> None:
    world.kube.fail_next("get", error)
    with pytest.raises(type(error)):
        world.session.retry(lambda: world.kube.get("ConfigMap", "x"))
    assert world.clock.slept == []


def test_a_renewal_without_an_answer_is_told_while_the_lock_lives(world: World) -> None:
    session = world.open()
    world.clock.advance(10)
    world.kube.fail_next("json_patch", OUTAGE, times=2)
    assert session.renew() == "The API server does not answer."
    world.clock.advance(20)
    with pytest.raises(Unreachable):
        session.renew()
    assert session.renew() == "", "it answers again, and nobody had taken it"


def test_who_only_looks_renews_nothing(world: World) -> None:
    world.open()
    looking = world.run("r9", "bob@desk")
    before = world.kube.requests
    assert looking.renew() == "" and world.kube.requests == before


def test_a_renewal_of_a_lost_lock_stops(world: World) -> None:
    session = world.open()
    world.clock.advance(10)
    world.take_over()
    with pytest.raises(Overtaken):
        session.renew()


# The journal


def test_a_change_is_recorded_before_and_after(world: World) -> None:
    session = world.open()
    with session.change("helm_release", "helm upgrade", {"revision": 2}, {"version": "1.4.0"}) as told:
        assert [one.kind for one in session.journal.entries(RUN)][-1] == "intent"
        told["revision"] = 3
    intent, result = session.journal.entries(RUN)[-2:]
    assert (intent.stage, intent.action, intent.token) == ("helm_release", "helm upgrade", 1)
    assert (result.ok, result.data, result.intent) == (True, {"revision": 3}, intent.id)


@pytest.mark.parametrize("error", [RunbookError("It broke."), ValueError("It broke."), KeyboardInterrupt("It broke.")])
def test_a_change_that_fails_is_recorded_so(world: World, error: BaseException) -> None:
    session = world.open()

    def change() -> None:
        with session.change("helm_release", "helm upgrade", {}, {}) as told:
            told["pods"] = 1
            raise error

    with pytest.raises(type(error)):
        change()
    last = session.journal.entries(RUN)[-1]
    assert (last.ok, last.data) == (False, {"pods": 1, "error": "It broke."})


def test_nothing_is_changed_that_cannot_be_recorded(world: World) -> None:
    session = world.run("unknown")
    session.state = state()
    done: list[int] = []
    with pytest.raises(RunbookError, match="was not begun"):
        with session.change("helm_release", "helm upgrade", {}, {}):
            done.append(1)
    assert done == []


def test_the_way_back_is_gone_without_a_journal(world: World) -> None:
    session = world.run("unknown")
    session.state = state()
    with session.undo("helm rollback", {}, {}) as told:
        told["revision"] = 2
    assert len(world.said) == 1 and world.said[0].startswith("the journal cannot be written, going on without it:")


def test_a_step_of_the_way_back_is_recorded_as_it_went(world: World) -> None:
    session = world.open()
    with session.undo("helm rollback", {"revision": 3}, {"revision": 2}) as told:
        told["revision"] = 4
    with pytest.raises(ZeroDivisionError), session.undo("remove the canary", {}, {}):
        _ = 1 / 0
    results = [one for one in session.journal.entries(RUN) if one.kind == "result"]
    assert [(one.ok, one.data) for one in results] == [(True, {"revision": 4}), (False, {"error": "division by zero"})]


def test_a_note_that_cannot_be_kept_is_told(world: World) -> None:
    world.run("unknown").note("record", "step", {"a": 1})
    assert len(world.said) == 1 and world.said[0].startswith("the journal cannot be written:")


def test_a_note_carries_the_token(world: World) -> None:
    world.open().note("record", "step", {"a": 1})
    last = world.session.journal.entries(RUN)[-1]
    assert (last.kind, last.data, last.token, last.target) == ("step", {"a": 1}, 1, "shop-eu")


# Traffic


def test_the_route_is_that_of_the_state_and_without_one_of_the_target(world: World) -> None:
    route = world.session.traffic()
    assert (route.name, route.stable, route.canary) == ("shop", "shop", "shop-canary")
    world.open(route={"name": "shop", "stable": "front", "canary": "front-canary"})
    route = world.session.traffic()
    assert (route.name, route.stable, route.canary) == ("shop", "front", "front-canary")
