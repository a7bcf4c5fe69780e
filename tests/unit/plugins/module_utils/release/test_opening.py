"""The beginning: lock, release state, token on the route, head of the journal; again, beside others, in an outage."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Overtaken, Refused, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.kube import TOKEN_ANNOTATION
from ansible_collections.releng.runbooks.plugins.module_utils.release import moving, opening
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.module_utils.release.choice import Choice
from ansible_collections.releng.runbooks.plugins.module_utils.release.lock import Held
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side
from tests.unit.plugins.module_utils.release.world import OURS, OUTAGE, RUN, World, entry, revision, state


def begun(world: World) -> Session:
    world.session.load()
    opening.lock(world.session)
    opening.begin(world.session, "release", "1.4.0")
    return world.session


def token_of_route(world: World) -> str:
    found = world.kube.peek("HTTPRoute", "shop")
    assert found is not None
    return str(found["metadata"]["annotations"][TOKEN_ANNOTATION])


def test_a_first_release_is_opened(world: World) -> None:
    begun(world)
    stored = world.stored
    assert (stored.release, stored.procedure, stored.phase, stored.result) == (RUN, "release", "checked", "")
    assert (stored.after, stored.before, stored.history) == (Side("1.4.0"), Side(), [])
    assert stored.started == stored.updated == "2026-01-02T03:04:05+00:00"
    assert stored.token == 2, "above that of the route"
    assert token_of_route(world) == "2"
    assert world.lease["holderIdentity"] == OURS


def test_the_next_release_keeps_the_history_and_what_the_last_one_left(world: World) -> None:
    states.save(world.kube, "shop", state(
        release="r1", phase="done", result="released", token=7, after=Side("1.3.0", 2), history=[entry("r1")],
    ))  # fmt: skip
    begun(world)
    assert (world.stored.before, world.stored.history) == (Side("1.3.0", 2), [entry("r1")])
    assert world.stored.token == 8 and token_of_route(world) == "8"


@pytest.mark.parametrize(("stored", "route", "lease", "token"), [(5, "1", 1, 6), (1, "9", 1, 10), (1, "1", 20, 21)])
def test_the_token_is_above_every_one_that_stands_anywhere(
    world: World, stored: int, route: str, lease: int, token: int
) -> None:
    """A cluster that came back from a backup may have an old one anywhere."""
    states.save(world.kube, "shop", state(release="r1", phase="done", result="released", token=stored))
    world.kube.edit("HTTPRoute", "shop", lambda obj: obj["metadata"]["annotations"].update({TOKEN_ANNOTATION: route}))
    other = world.other()
    other.take(at_least=lease - 1)
    other.give_back()
    assert begun(world).lock.token == token


def test_a_first_release_brings_its_route_along(world: World) -> None:
    world.kube.delete("HTTPRoute", "shop", "gateway.networking.k8s.io/v1")
    assert begun(world).lock.token == 1
    assert world.stored.phase == "checked"


def test_a_target_without_a_route_has_none_asked_for(world: World, tmp_path: Any, monkeypatch: Any) -> None:
    bare = World(tmp_path, monkeypatch, route="", strategy="rolling")
    assert begun(bare).lock.token == 1
    assert not [one for one in bare.kube.calls if "HTTPRoute" in one[1]]


def test_a_release_that_shifts_no_traffic_leaves_the_route_alone(tmp_path: Any, monkeypatch: Any) -> None:
    rolling = World(tmp_path, monkeypatch, strategy="rolling")
    assert begun(rolling).lock.token == 2
    assert token_of_route(rolling) == "1"


# Again, and beside others


def test_the_same_run_finds_its_release_open(world: World) -> None:
    session = begun(world)
    again = world.run()
    again.load()
    assert opening.is_open(again) and again.lock.alive()
    assert again.lock.token == session.lock.token


@pytest.mark.parametrize("found", [None, {"release": "r1"}, {"result": "released", "phase": "done"}])
def test_what_others_opened_or_what_has_ended_is_not_open(world: World, found: dict[str, Any] | None) -> None:
    if found is not None:
        states.save(world.kube, "shop", state(**found))
    world.session.load()
    assert not opening.is_open(world.session)
    assert world.kube.names("Lease") == []


def test_a_release_of_somebody_else_is_left_alone(world: World) -> None:
    other = world.other()
    other.take()
    world.clock.on_sleep = lambda _seconds: other.renew(force=True)
    with pytest.raises(Held):
        begun(world)
    assert world.kube.names("ConfigMap") == [] and token_of_route(world) == "1"


def test_what_was_saved_while_we_waited_for_the_lock_is_seen(world: World) -> None:
    other = world.other()
    other.take()

    def end(_seconds: float) -> None:
        world.clock.on_sleep = None
        states.save(world.kube, "shop", state(release="r1", phase="done", result="released", after=Side("1.3.9", 5)))
        other.give_back()

    world.clock.on_sleep = end
    begun(world)
    assert world.stored.before == Side("1.3.9", 5)


@pytest.mark.parametrize(("result", "text"), [("", "never ended"), ("stuck", "is stuck")])
def test_a_release_that_never_ended_comes_first_and_its_lock_is_free(world: World, result: str, text: str) -> None:
    states.save(world.kube, "shop", state(release="r1", by="bob@desk", phase="baking", result=result))
    world.session.load()
    with pytest.raises(Refused) as raised:
        with opening.locked(world.session):
            opening.begin(world.session, "release", "1.4.0")
    assert raised.value.message == f"Release r1 by bob@desk {text} on shop-eu, in phase baking."
    assert raised.value.remedy.endswith("ansible-playbook playbooks/rollback.yml --limit shop-eu")
    assert world.stored.release == "r1"
    assert world.lease["holderIdentity"] == "", "the way back need not wait for the lock of who was refused"


def test_what_is_not_refused_keeps_the_lock(world: World) -> None:
    world.session.load()
    with opening.locked(world.session):
        opening.begin(world.session, "release", "1.4.0")
    assert world.lease["holderIdentity"] == OURS
    with pytest.raises(Unreachable):
        with opening.locked(world.session):
            raise OUTAGE
    assert world.lease["holderIdentity"] == OURS, "what has been written is not known"


def test_who_is_overtaken_on_the_route_stops(world: World) -> None:
    world.kube.on("merge_patch", lambda kube: kube.edit(
        "HTTPRoute", "shop", lambda obj: obj["metadata"]["annotations"].update({TOKEN_ANNOTATION: "99"})
    ))  # fmt: skip
    with pytest.raises(Overtaken):
        begun(world)
    assert token_of_route(world) == "99"


@pytest.mark.parametrize("method", ["get", "create", "server_time", "merge_patch"])
@pytest.mark.parametrize("after", [False, True])
def test_an_outage_of_20_seconds_is_held_through(world: World, method: str, after: bool) -> None:
    world.kube.fail_next(method, OUTAGE, times=1 if after else 20, after=after)
    begun(world)
    assert (world.stored.token, token_of_route(world)) == (2, "2")
    assert world.lease["leaseTransitions"] == 2


# The way back


def test_the_way_back_out_of_a_release_keeps_what_it_needs(world: World) -> None:
    world.open(phase="promoting", after=Side("1.4.0", 3))
    world.turn(30)
    world.session.save(way_back=moving.way_back(world.session, world.session.traffic(), "promoting"))
    world.session.lock.give_back()
    session = world.run("rb")
    session.load()
    opening.lock(session)
    opening.begin_rollback(session, Choice("interrupted", RUN, "1.3.0", 2, "never ended, in phase promoting"))
    stored = world.stored
    assert (stored.release, stored.procedure, stored.direction) == ("rb", "rollback", "back")
    assert (stored.phase, stored.before, stored.after) == ("promoting", Side("1.3.0", 2), Side("1.4.0", 3))
    assert (stored.route["resting"], stored.result) == (state().route["resting"], "")
    assert stored.reason == "never ended, in phase promoting"
    assert stored.token == 2 and token_of_route(world) == "2", "the run that made it is fenced"
    assert stored.undoes == RUN
    assert session.traffic().write(stored.way_back).weights == moving.weights(100), "the patch for others still holds"
    assert token_of_route(world) == "3"


def test_a_way_back_that_was_cut_off_still_undoes_the_same_release(world: World) -> None:
    states.save(world.kube, "shop", state(release="rb", procedure="rollback", phase="shifting", undoes="r1"))
    world.session.load()
    opening.lock(world.session)
    opening.begin_rollback(world.session, Choice("interrupted", "rb", "1.3.0", 2, "never ended, in phase shifting"))
    assert (world.stored.release, world.stored.undoes) == (RUN, "r1")


def test_the_way_back_out_of_a_stuck_release_is_open_again(world: World) -> None:
    states.save(world.kube, "shop", state(release="r1", phase="returning", result="stuck"))
    world.session.load()
    opening.lock(world.session)
    opening.begin_rollback(world.session, Choice("interrupted", "r1", "1.3.0", 2, "stuck in phase returning"))
    assert (world.stored.phase, world.stored.result) == ("returning", "")
    assert world.session.resume().release == RUN


def test_undoing_a_finished_release_is_one_towards_the_older_version(world: World) -> None:
    world.helm.revisions = [revision(1), revision(2), revision(3, "deployed")]
    world.helm.manifests[3] = world.helm.manifests[2]
    world.helm.values_of[3] = {"image": {"tag": "1.4.0"}}
    states.save(world.kube, "shop", state(release="r1", phase="done", result="released", history=[entry("r1")]))
    world.session.load()
    opening.lock(world.session)
    opening.begin_rollback(world.session, Choice("finished", "r1", "1.3.0", 2, "takes back r1"))
    stored = world.stored
    assert (stored.phase, stored.procedure, stored.direction) == ("undoing", "rollback", "back")
    assert (stored.before.version, stored.before.revision) == ("1.4.0", 3)
    assert (stored.after, stored.undoes) == (Side("1.3.0", 2), "r1")
    assert stored.history == [entry("r1")]


# The journal


def test_every_target_of_a_run_may_write_its_head(world: World) -> None:
    params = {
        "procedure": "release", "inventory": "inventories/prod", "versions": {"shop": 1.4}, "targets": ["shop-eu"],
        "reason": "why not",
    }  # fmt: skip
    opening.record(world.session, {**params, "targets": []})
    opening.record(world.session, params)
    found = world.session.journal.releases()
    heads = [(one.record.release, one.record.procedure, one.record.versions, one.record.targets) for one in found]
    assert heads == [(RUN, "release", {"shop": "1.4"}, ["shop-eu"])]
