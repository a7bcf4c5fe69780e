"""Waiting for a rollout and for helm: causes named, the lock renewed, signals heeded, outages held through."""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Denied,
    Overtaken,
    RunbookError,
    TimedOut,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.helm_child import Child
from ansible_collections.releng.runbooks.plugins.module_utils.poll import SystemClock
from ansible_collections.releng.runbooks.plugins.module_utils.release.waiting import Waiting
from tests.unit.plugins.module_utils.release.world import World, deployment

LONG = "import time; time.sleep(60)"


@pytest.fixture
def waiting(world: World) -> Waiting:
    return Waiting(world.open(), world.asked, world.say)


def python(code: str) -> Child:
    return Child([sys.executable, "-c", code])


def rolling(world: World) -> None:
    """Half of the pods are new."""
    world.kube.edit("Deployment", "shop", lambda obj: obj["status"].update(updatedReplicas=2))


def at(world: World, seconds: float, act: Callable[[], object]) -> None:
    begun = world.clock.now()

    def look(_seconds: float) -> None:
        if world.clock.now() - begun >= seconds:
            world.clock.on_sleep = None
            act()

    world.clock.on_sleep = look


# A rollout


def test_a_workload_that_is_rolled_out_takes_no_time(world: World, waiting: Waiting) -> None:
    seen = waiting.rolled_out("shop", 60)
    assert (seen.ready, seen.available, world.clock.slept) == (True, 4, [])


def test_it_is_waited_for_with_a_line_that_says_what_for(world: World, waiting: Waiting) -> None:
    rolling(world)
    at(world, 12, lambda: world.kube.roll_out("shop"))
    assert waiting.rolled_out("shop", 60).ready
    assert sum(world.clock.slept) == 12
    assert "shop: 2 of 4 pods updated · 0 s" in world.said and "shop: 2 of 4 pods updated · 11 s" in world.said
    assert world.lease["renewTime"] == "2026-01-02T03:04:15.000000Z", "renewed every five seconds"


def test_what_does_not_come_in_time_is_told_with_its_last_cause(world: World, waiting: Waiting) -> None:
    rolling(world)
    with pytest.raises(TimedOut, match=r"shop was not rolled out in 20 s: shop: 2 of 4 pods updated\."):
        waiting.rolled_out("shop", 20)
    assert sum(world.clock.slept) == 20


def test_a_cause_that_no_waiting_cures_ends_it_at_once(world: World, waiting: Waiting) -> None:
    rolling(world)
    world.kube.edit("Deployment", "shop", lambda obj: obj["spec"].update(paused=True) or obj["metadata"].update(
        generation=1) or obj["status"].update(observedGeneration=9))  # fmt: skip
    with pytest.raises(RunbookError, match=r"Paused: shop is paused") as raised:
        waiting.rolled_out("shop", 600)
    assert raised.value.facts["reason"] == "Paused" and world.clock.slept == []


def test_a_workload_that_is_not_there_yet_is_waited_for(world: World, waiting: Waiting) -> None:
    at(world, 3, lambda: world.kube.add(deployment("late")))
    assert waiting.rolled_out("late", 60).ready
    with pytest.raises(TimedOut, match="never was not rolled out in 5 s: nothing was seen of it"):
        waiting.rolled_out("never", 5)


def test_an_outage_of_20_seconds_is_held_through(world: World, waiting: Waiting) -> None:
    rolling(world)
    world.outage(1002, 1022)
    at(world, 40, lambda: world.kube.roll_out("shop"))
    assert waiting.rolled_out("shop", 60).ready
    assert any("holding: The API server does not answer." in line for line in world.said)


def test_an_outage_longer_than_the_lock_may_live_ends_it(world: World, waiting: Waiting) -> None:
    world.outage(1000, 9999)
    with pytest.raises(Unreachable):
        waiting.rolled_out("shop", 600)
    assert world.clock.now() == 1030


def test_missing_rights_are_told_at_once(world: World, waiting: Waiting) -> None:
    world.kube.forbid("get", "deployments")
    with pytest.raises(Denied):
        waiting.rolled_out("shop", 600)
    assert world.clock.slept == []


def test_a_signal_ends_it(world: World, waiting: Waiting) -> None:
    rolling(world)
    at(world, 2, lambda: setattr(world, "stop", "SIGTERM was received"))
    with pytest.raises(RunbookError, match=r"SIGTERM was received\."):
        waiting.rolled_out("shop", 600)
    assert sum(world.clock.slept) == 2


def test_a_signal_that_came_before_is_heeded_before_anything_is_asked(world: World, waiting: Waiting) -> None:
    world.stop = "SIGTERM was received"
    with pytest.raises(RunbookError, match="SIGTERM was received"):
        waiting.rolled_out("shop", 600)


def test_a_lost_lock_ends_it(world: World, waiting: Waiting) -> None:
    rolling(world)
    at(world, 2, world.take_over)
    with pytest.raises(Overtaken):
        waiting.rolled_out("shop", 600)
    assert world.clock.now() <= 1006


# Helm


def test_a_helm_that_ends_well(world: World, waiting: Waiting) -> None:
    child = python("pass")
    child.wait(SystemClock(), 30)
    waiting.helm(child, 60)
    assert child.output() == "" and world.clock.slept == []


def test_a_helm_that_fails_says_why(waiting: Waiting) -> None:
    child = python("import sys; sys.stderr.write('Error: no such chart\\n'); sys.exit(1)")
    child.wait(SystemClock(), 30)
    with pytest.raises(RunbookError, match=r"helm ended with code 1: Error: no such chart$"):
        waiting.helm(child, 60)


def test_a_helm_that_ends_while_we_look(tmp_path: Path, world: World, waiting: Waiting) -> None:
    """Only its own end counts, however long that takes by its clock."""
    flag = tmp_path / "go"
    child = python(f"import os, time\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.01)")

    def end() -> None:
        flag.touch()
        child.wait(SystemClock(), 30)

    at(world, 7, end)
    waiting.helm(child, 60)
    assert "helm is at work · 5 s" in world.said
    assert world.lease["renewTime"] > "2026-01-02T03:04:09"


@pytest.mark.parametrize(("when", "error"), [("time", TimedOut), ("signal", RunbookError), ("lock", Overtaken)])
def test_a_helm_is_stopped_with_us(world: World, waiting: Waiting, when: str, error: type[RunbookError]) -> None:
    child = python(LONG)
    if when == "signal":
        at(world, 2, lambda: setattr(world, "stop", "SIGTERM was received"))
    elif when == "lock":
        at(world, 2, world.take_over)
    begun = time.monotonic()
    with pytest.raises(error):
        waiting.helm(child, 10)
    assert child.poll() is not None and time.monotonic() - begun < 30


def test_a_helm_goes_on_through_a_short_outage(world: World, waiting: Waiting) -> None:
    child = python(LONG)
    world.outage(1002, 1022)
    with pytest.raises(TimedOut, match="helm did not end in 60 s and was stopped"):
        waiting.helm(child, 60)


def test_a_helm_is_stopped_before_others_may_take_the_lock(world: World, waiting: Waiting) -> None:
    child = python(LONG)
    world.outage(1002, 9999)
    with pytest.raises(Unreachable):
        waiting.helm(child, 600)
    assert child.poll() is not None and world.clock.now() == 1030
