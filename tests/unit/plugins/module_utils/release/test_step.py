"""The guarded step: a share is given, watched, and taken back by the same process on anything but PASS."""
from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict
from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Overtaken,
    Refused,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import TOKEN_ANNOTATION
from ansible_collections.releng.runbooks.plugins.module_utils.release import moving
from ansible_collections.releng.runbooks.plugins.module_utils.release.judged import JudgedPods
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side
from ansible_collections.releng.runbooks.plugins.module_utils.release.step import Guarded
from tests.unit.plugins.module_utils.release.world import GATE, OUTAGE, World, step

ON_STABLE = [("shop", 100), ("shop-canary", 0)]


def guarded(world: World, **more: Any) -> Guarded:
    return Guarded(world.open(**more), world.collector, world.asked, world.say)


def at(world: World, seconds: float, act: Any) -> None:
    """``act`` happens once, at the first moment of the watch after so many seconds."""
    begun = world.clock.now()

    def look(_seconds: float) -> None:
        if world.clock.now() - begun >= seconds and world.clock.on_sleep is not None:
            world.clock.on_sleep = None
            act()

    world.clock.on_sleep = look


def break_journal(world: World) -> None:
    """The disk has gone bad under it."""
    world.session.journal.place.path.write_bytes(b"no database at all" * 100)
    for name in ("journal.db-wal", "journal.db-shm"):
        (world.folder / name).unlink(missing_ok=True)


def test_a_good_canary_gets_its_share_and_keeps_it(world: World) -> None:
    reading = guarded(world).run(step(10))
    assert reading.verdict is Verdict.PASS and reading.progress == 30
    assert world.backends == [("shop", 90), ("shop-canary", 10)]
    stored = world.stored
    assert (stored.phase, stored.weights, stored.direction) == ("shifting", moving.weights(10), "forward")
    told = world.notes("step")
    assert [(one["share"], one["verdict"], one["phase"]) for one in told] == [(10, "PASS", "shifting")]
    assert told[0]["gates"] == [
        {"name": "error rate", "verdict": "PASS", "value": 0.0, "limit": "> 5 %", "text": "error rate 0 % ≤ 5 %"},
    ]


def test_the_state_knows_before_the_traffic_does(world: World) -> None:
    """Whoever finds the state after a crash in between knows at least as much as has happened."""
    runs = guarded(world)
    found: list[Any] = []
    world.kube.on("json_patch", lambda _kube: found.append(world.stored))
    runs.run(step(100, "baking"))
    assert (found[0].phase, found[0].weights) == ("baking", moving.weights(100))
    assert found[0].way_back[-1]["value"][0] == {"kind": "Service", "name": "shop", "port": 8080, "weight": 100}


def test_a_bad_canary_loses_its_share_at_the_first_look(world: World) -> None:
    world.metrics.answer = lambda _query: 0.31
    runs = guarded(world)
    with pytest.raises(RunbookError) as raised:
        runs.run(step(10))
    assert raised.value.message == (
        "Canary at 10 %: FAIL: error rate 31 % > 5 %. All traffic is on stable."
    )
    assert raised.value.facts == {"side": "stable"}
    assert world.backends == ON_STABLE
    assert sum(world.clock.slept) == moving.SETTLE, "no second between the verdict and the request"
    assert len(world.writes()) == 3
    assert moving.of_side("stable") == runs.route.read().weights, "read back"
    stored = world.stored
    assert (stored.direction, stored.weights) == ("back", moving.weights(0))
    assert stored.reason == "FAIL: error rate 31 % > 5 %"
    assert "all traffic is on stable" in world.said
    assert [one["verdict"] for one in world.notes("step")] == ["FAIL"]


@pytest.mark.parametrize(("phase", "side"), [("shifting", "stable"), ("baking", "stable"), ("returning", "canary")])
def test_it_goes_to_the_safe_side_of_its_phase(world: World, phase: str, side: str) -> None:
    world.turn(50)
    runs = guarded(world, phase="promoting", after=Side("1.4.0", 3))
    at(world, 12, lambda: setattr(world.metrics, "answer", lambda _query: 1.0))
    with pytest.raises(RunbookError, match=f"All traffic is on {side}"):
        runs.run(step(30, phase))
    assert runs.route.read().weights == moving.of_side(side)


@pytest.mark.parametrize(("answer", "verdict"), [
    (None, "NODATA"), (Unreachable("Prometheus does not answer."), "ERROR"), (float("nan"), "NODATA"),
])  # fmt: skip
def test_no_evidence_holds_and_ends_without_pass_when_patience_does(world: World, answer: Any, verdict: str) -> None:
    world.metrics.answer = lambda _query: answer
    with pytest.raises(RunbookError, match=f"{verdict}: .*All traffic is on stable"):
        guarded(world).run(step(10, patience=60.0))
    assert sum(world.clock.slept) - moving.SETTLE == 60
    assert world.backends == ON_STABLE


def test_an_outage_of_metrics_costs_time_and_nothing_else(world: World) -> None:
    runs = guarded(world)
    world.metrics.answer = lambda _query: OUTAGE if 1012 <= world.clock.now() < 1040 else 0.0
    assert runs.run(step(10)).verdict is Verdict.PASS
    assert world.clock.now() - 1000 > 60, "time without evidence does not count"
    assert world.backends == [("shop", 90), ("shop-canary", 10)]


def test_a_change_by_somebody_else_is_named_and_answered_once(world: World) -> None:
    runs = guarded(world)
    at(world, 12, lambda: world.turn(60))
    with pytest.raises(RunbookError) as raised:
        runs.run(step(10))
    assert raised.value.message == (
        "Canary at 10 %: Somebody else changed the route shop: 60 % on canary, this step wrote 10 %. "
        "All traffic is on stable."
    )
    assert world.backends == ON_STABLE
    assert len(world.writes()) == 3, "two to give the share, one to the safe side"


def test_a_change_while_the_share_is_given_is_named_too(world: World) -> None:
    runs = guarded(world)
    world.turn(10)
    world.kube.on("json_patch", lambda _kube: world.turn(90))
    with pytest.raises(RunbookError, match=r"somebody else changed the route: .*All traffic is on stable"):
        runs.run(step(50))
    assert len(world.writes()) == 2 and world.backends == ON_STABLE


def test_somebody_who_puts_it_to_the_safe_side_is_not_answered(world: World) -> None:
    runs = guarded(world)
    at(world, 12, lambda: world.turn(0))
    with pytest.raises(RunbookError, match="0 % on canary, this step wrote 10 %"):
        runs.run(step(10))
    assert len(world.writes()) == 2


def test_a_lost_lock_stops_it_where_it_is(world: World) -> None:
    """Who has taken over decides: nothing is written any more, not even to the safe side."""
    runs = guarded(world)
    at(world, 12, world.take_over)
    with pytest.raises(Overtaken):
        runs.run(step(10))
    assert len(world.writes()) == 2
    assert world.backends == [("shop", 90), ("shop-canary", 10)]
    assert world.stored.by == "bob@desk"


def test_a_newer_token_on_the_route_alone_is_enough(world: World) -> None:
    runs = guarded(world)
    at(world, 12, lambda: world.kube.edit(
        "HTTPRoute", "shop", lambda obj: obj["metadata"]["annotations"].update({TOKEN_ANNOTATION: "9"})
    ))  # fmt: skip
    with pytest.raises(Overtaken, match="carries token 9: a newer run holds it"):
        runs.run(step(10))
    assert len(world.writes()) == 2


def test_who_is_overtaken_between_verdict_and_request_does_not_write(world: World) -> None:
    runs = guarded(world)
    world.metrics.answer = lambda _query: 1.0
    world.kube.on("json_patch", lambda _kube: None, times=2)
    world.kube.on("json_patch", lambda _kube: world.take_over())
    with pytest.raises(Overtaken):
        runs.run(step(10))
    assert world.backends == [("shop", 90), ("shop-canary", 10)]
    assert [one["verdict"] for one in world.notes("step")] == ["FAIL"]


def test_who_was_overtaken_before_the_step_writes_nothing_at_all(world: World) -> None:
    runs = guarded(world)
    world.take_over()
    with pytest.raises(Overtaken, match="has taken over"):
        runs.run(step(10))
    assert world.writes() == [] and world.backends == [("shop", 1)]


def test_a_step_to_nothing_is_one_home(world: World) -> None:
    """The last step of the way home gives the canary nothing, and leaves it in the route until it is removed."""
    runs = guarded(world, phase="promoting", after=Side("1.4.0", 3))
    world.turn(50)
    assert runs.run(step(0, "returning")).verdict is Verdict.PASS
    assert world.backends == ON_STABLE


def test_an_outage_of_20_seconds_holds_and_then_it_goes_on(world: World) -> None:
    runs = guarded(world)
    world.outage(1010, 1030)
    assert runs.run(step(10)).verdict is Verdict.PASS
    assert any("holding: The API server does not answer." in line for line in world.said)
    assert world.backends == [("shop", 90), ("shop-canary", 10)]


def test_an_outage_longer_than_the_lock_ends_it_on_the_safe_side(world: World) -> None:
    runs = guarded(world)
    world.outage(1010, 1060)
    with pytest.raises(RunbookError, match=r"The API server does not answer\. All traffic is on stable\."):
        runs.run(step(10, duration=600.0))
    assert world.clock.now() == 1060, "as soon as it answers again"
    assert world.backends == ON_STABLE


@pytest.mark.parametrize("when", [0, 12])
def test_a_signal_takes_the_share_back(world: World, when: float) -> None:
    runs = guarded(world)
    if when:
        at(world, when, lambda: setattr(world, "stop", "SIGTERM was received"))
    else:
        world.stop = "SIGTERM was received"
    with pytest.raises(RunbookError, match=r"Canary at 10 %: SIGTERM was received\. All traffic is on stable\."):
        runs.run(step(10))
    assert world.backends == ON_STABLE
    assert world.clock.now() - 1000 <= when + moving.SETTLE + 0.25, "heeded within a quarter of a second"


def test_a_defect_in_between_takes_the_share_back(world: World) -> None:
    world.metrics.answer = lambda _query: ZeroDivisionError("division by zero")
    with pytest.raises(RunbookError, match="unexpected ZeroDivisionError: division by zero. All traffic is on stable"):
        guarded(world).run(step(10))
    assert world.backends == ON_STABLE


@pytest.mark.parametrize(("change", "text"), [
    ({"gates": ()}, "No gate with severity abort is looked at in phase shifting"),
    ({"gates": (dataclasses.replace(GATE, severity="warn"),)}, "No gate with severity abort"),
    ({"interval": 0.0}, "The interval between two looks is 0 s"),
])  # fmt: skip
def test_a_step_that_could_never_pass_is_refused_before_it_begins(change: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=text):
        step(10, **change)


def test_a_safe_side_without_pods_is_told_loudly(world: World) -> None:
    runs = guarded(world)
    world.metrics.answer = lambda _query: 1.0
    world.ready("shop", 0)
    with pytest.raises(RunbookError, match=r"Traffic is NOT on the safe side: No pod of stable is ready"):
        runs.run(step(10))
    assert [one["verdict"] for one in world.notes("step")] == ["FAIL"]
    assert world.backends == [("shop", 90), ("shop-canary", 10)]


def test_a_journal_that_cannot_be_written_stands_in_no_ones_way_back(world: World) -> None:
    runs = guarded(world)

    world.metrics.answer = lambda _query: 0.0 if world.clock.now() < 1012 else 1.0
    at(world, 11, lambda: break_journal(world))
    with pytest.raises(RunbookError, match="All traffic is on stable"):
        runs.run(step(10))
    assert world.backends == ON_STABLE
    assert any("the journal cannot be written" in line for line in world.said)


def test_traffic_goes_back_before_the_journal_hears_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal on a slow disk must not keep users on a bad version."""
    world.metrics.answer = lambda _query: 0.31
    runs = guarded(world)
    journal = runs.session.journal
    seen: list[Any] = []

    def intent(*args: Any) -> int:
        seen.append((args[2], world.backends))
        return 0

    monkeypatch.setattr(journal, "intent", intent)
    monkeypatch.setattr(journal, "result", lambda *_args: None)
    with pytest.raises(RunbookError, match="All traffic is on stable"):
        runs.run(step(10))
    assert seen[-1] == ("rollback", ON_STABLE)


def test_a_journal_that_cannot_be_written_lets_nothing_begin(world: World) -> None:
    runs = guarded(world)
    break_journal(world)
    with pytest.raises(RunbookError, match="cannot be written.*All traffic is on stable"):
        runs.run(step(10))
    assert world.writes() == []


def test_the_same_step_again_writes_nothing_and_watches_again(world: World) -> None:
    """A job that was cut off after its share was given is begun anew by its own run."""
    guarded(world).run(step(10))
    before = len(world.writes())
    assert Guarded(world.session, world.collector, world.asked, world.say).run(step(10)).verdict is Verdict.PASS
    assert len(world.writes()) == before


def test_nothing_passes_while_the_gateway_serves_an_older_route(world: World) -> None:
    """The gates speak of the pods; what the users get is what the gateway has taken."""

    def taken(generation: int) -> None:
        conditions = [{"type": "Accepted", "status": "True", "observedGeneration": generation}]
        world.kube.edit("HTTPRoute", "shop", lambda obj: obj.update(status={"parents": [{"conditions": conditions}]}))

    runs = guarded(world)
    begun = world.clock.now()
    taken(0)
    at(world, 45, lambda: taken(10_000))
    assert runs.run(step(10)).verdict is Verdict.PASS
    assert world.clock.now() - begun >= 45
    assert any("the gateway has not taken these weights yet" in line for line in world.said)


def test_a_crash_is_a_verdict_while_the_gateway_is_late_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds a step is no reason to look away from its pods."""
    runs = guarded(world)

    def crashed(_pods: JudgedPods) -> str:
        raise RunbookError("CrashLoop: container app crashed once.")

    monkeypatch.setattr(JudgedPods, "look", crashed)
    monkeypatch.setattr(runs, "_foreign", lambda _wanted: "the gateway has not taken these weights yet")
    with pytest.raises(RunbookError, match="crashed once. All traffic is on stable"):
        runs.run(step(10))
    assert world.backends == ON_STABLE
