"""Watching gates: one look an interval, one line for people, the lock renewed, signals heeded."""
from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Overtaken, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.release.judging import Attentive, Judging
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side
from tests.unit.clock import FakeClock
from tests.unit.plugins.module_utils.release.world import GATE, OUTAGE, World, step


def judging(world: World, **more: object) -> Judging:
    return Judging(world.open(**more), world.collector, world.asked, world.say)


# A clock that hears


def test_a_sleep_is_as_long_as_it_should_be() -> None:
    clock = FakeClock()
    Attentive(clock, str).sleep(1.1)
    assert clock.now() == pytest.approx(1.1) and max(clock.slept) == 0.25
    Attentive(clock, str).sleep(0)
    assert len(clock.slept) == 5


def test_a_sleep_ends_when_the_run_has_to_stop() -> None:
    clock = FakeClock()
    with pytest.raises(RunbookError, match=r"^The main process is gone\.$"):
        Attentive(clock, lambda: "the main process is gone" if clock.now() >= 2 else "").sleep(60)
    assert clock.now() == 2
    with pytest.raises(RunbookError):
        Attentive(clock, lambda: "stop").go_on()


def test_its_times_are_those_of_the_clock() -> None:
    clock = FakeClock(start=5)
    assert (Attentive(clock, str).now(), Attentive(clock, str).wall()) == (5, clock.wall())


# Watching


def test_it_looks_once_an_interval_until_it_has_seen_enough(world: World) -> None:
    reading = judging(world).run(step(None, "rolling", judged="stable", duration=20.0))
    assert (reading.verdict, reading.progress) == (Verdict.PASS, 20.0)
    assert len(world.metrics.asked) == 5 and sum(world.clock.slept) == 20
    assert world.lease["renewTime"] == "2026-01-02T03:04:25.000000Z"
    assert world.writes() == [], "nothing is shifted"
    assert world.said[-1] == "new pods · 00:20/00:20 · error rate 0 % ≤ 5 %"


def test_what_does_not_pass_is_an_error_and_a_note(world: World) -> None:
    world.metrics.answer = lambda _query: 0.5
    with pytest.raises(RunbookError, match=r"^FAIL: error rate 50 % > 5 %\.$"):
        judging(world).run(step(None, "rolling", judged="stable"))
    note = world.notes("step")[0]
    assert (note["verdict"], note["action"], note["share"]) == ("FAIL", "watch the new pods", None)
    assert note["gates"][0]["value"] == 0.5 and note["seconds"] == 0


def test_no_time_at_all_takes_two_looks(world: World) -> None:
    reading = judging(world).run(step(None, "rolling", judged="stable", duration=0.0))
    assert reading.verdict is Verdict.PASS


def test_trouble_is_told_and_may_end_it(world: World) -> None:
    runs = judging(world)
    what = step(10)
    facts = runs.facts(what)
    told = iter(["RefNotPermitted: no", "", ""])
    runs.watch(dataclasses.replace(what, duration=10.0), facts, lambda: next(told))
    assert world.said[0].endswith("· holding: RefNotPermitted: no") and "holding" not in world.said[1]

    def raises() -> str:
        raise RunbookError("Somebody else was here.")

    with pytest.raises(RunbookError, match="Somebody else was here"):
        runs.watch(what, facts, raises)


def test_a_lost_lock_ends_it_before_the_next_look(world: World) -> None:
    runs = judging(world)

    def take(_seconds: float) -> None:
        if world.clock.now() == 1012:
            world.take_over()

    world.clock.on_sleep = take
    with pytest.raises(Overtaken):
        runs.run(step(None, "rolling", judged="stable", duration=600.0))
    assert world.clock.now() == 1015


def test_an_outage_is_held_through_while_the_lock_lives(world: World) -> None:
    runs = judging(world)
    world.outage(1010, 1030)
    assert runs.run(step(None, "rolling", judged="stable", duration=60.0)).verdict is Verdict.PASS
    assert any("holding: The API server does not answer." in line for line in world.said)


def test_a_signal_that_came_before_is_heeded_before_anything_is_asked(world: World) -> None:
    world.stop = "SIGTERM was received"
    with pytest.raises(RunbookError, match="SIGTERM was received"):
        judging(world).run(step(None, "rolling", judged="stable"))
    assert world.metrics.asked == []


def test_nothing_passes_while_a_pod_is_not_ready(world: World) -> None:
    """Gates speak of the pods that answer."""
    runs = judging(world)
    world.ready("shop-canary", 3)
    world.clock.on_sleep = lambda _seconds: world.ready("shop-canary", 4) if world.clock.now() >= 1042 else None
    reading = runs.watch(step(10, patience=60.0), runs.facts(step(10)))
    assert reading.verdict is Verdict.PASS and world.clock.now() == 1045
    assert world.said[0].endswith("· holding: shop-canary: 3 of 4 pods available")
    assert "holding" not in world.said[-1]


def test_pods_that_stay_unready_end_it_when_patience_does(world: World) -> None:
    runs = judging(world)
    world.clock.on_sleep = lambda _seconds: world.ready("shop-canary", 3) if world.clock.now() >= 1021 else None
    with pytest.raises(RunbookError, match=r"^Not ready for 65 s: shop-canary: 3 of 4 pods available\.$"):
        runs.watch(step(10, duration=600.0, patience=60.0), runs.facts(step(10)))
    assert world.clock.now() == 1085, "counted from the last look at which they were"


# What queries are filled with


@pytest.mark.parametrize(("share", "judged", "after", "wanted"), [
    (10, "canary", Side("1.4.0"), {"stable": ("1.3.0", "2"), "canary": ("1.4.0", "0")}),
    (50, "stable", Side("1.4.0", 3), {"stable": ("1.4.0", "3"), "canary": ("1.4.0", "3")}),
    (50, "stable", Side("1.4.0"), {"stable": ("1.3.0", "2"), "canary": ("1.4.0", "0")}),
    (None, "stable", Side("1.4.0", 3), {"stable": ("1.4.0", "3")}),
    (None, "stable", Side("1.4.0"), {"stable": ("1.3.0", "2")}),
])  # fmt: skip
def test_each_side_is_the_version_that_it_runs(
    world: World, share: int | None, judged: str, after: Side, wanted: dict[str, tuple[str, str]]
) -> None:
    facts = judging(world, after=after).facts(step(share, judged=judged))
    assert {side: (words["version"], words["revision"]) for side, words in facts.items()} == wanted


def test_they_are_read_through_an_outage(world: World) -> None:
    runs = judging(world)
    world.kube.fail_next("get", OUTAGE, times=20)
    assert set(runs.facts(step(10))) == {"stable", "canary"}
    assert sum(world.clock.slept) == 20


def test_the_query_asks_for_the_judged_side(world: World) -> None:
    runs = judging(world)
    runs.watch(step(10, duration=5.0), runs.facts(step(10)))
    assert set(world.metrics.asked) == {"errors of shop-canary-[bcdfghjklmnpqrstvwxz2456789]+-[a-z0-9]+"}


# The line


def test_the_line_says_what_share_was_measured(world: World) -> None:
    world.metrics.answer = lambda query: {"n canary": 412.0, "n stable": 3690.0}.get(query, 0.004)
    runs = judging(world)
    what = step(10, duration=5.0, requests="n {side}")
    reading = runs.watch(what, runs.facts(what))
    assert world.said[-1] == (
        "canary 10 % (measured 10 %) · 00:05/00:05 · error rate 0.4 % ≤ 5 % · canary 412 requests, stable 3 690"
    )
    runs.told(what, 1000.0, reading, reading.text)
    assert (world.notes("step")[0]["measured"], world.notes("step")[0]["seconds"]) == (10.0, 5.0)


@pytest.mark.parametrize("count", [None, 0.0])
def test_without_requests_no_share_was_measured(world: World, count: float | None) -> None:
    world.metrics.answer = lambda query: count if query.startswith("n ") else 0.004
    runs = judging(world)
    what = step(10, duration=5.0, requests="n {side}")
    runs.watch(what, runs.facts(what))
    assert world.said[-1] == "canary 10 % · 00:05/00:05 · error rate 0.4 % ≤ 5 %"
    assert runs.measured is None


def test_one_side_without_a_count_has_none(world: World) -> None:
    world.metrics.answer = lambda query: {"n canary": None, "n stable": 50.0}.get(query, 0.004)
    runs = judging(world)
    what = step(10, duration=5.0, requests="n {side}")
    runs.watch(what, runs.facts(what))
    assert "(measured 0 %)" in world.said[-1] and world.said[-1].endswith("canary 0 requests, stable 50")


def test_a_verdict_that_is_not_pass_stands_in_the_line(world: World) -> None:
    world.metrics.answer = lambda _query: None
    runs = judging(world)
    with pytest.raises(RunbookError, match="NODATA"):
        runs.run(step(10, patience=5.0))
    assert world.said[0] == "canary 10 % · 00:00/00:30 · NODATA · error rate has no data"


def test_a_step_that_never_came_to_a_reading_is_noted_too(world: World) -> None:
    judging(world).told(step(10), 1000.0, None, "SIGTERM was received.")
    note = world.notes("step")[0]
    assert (note["verdict"], note["gates"], note["text"]) == ("failed", [], "SIGTERM was received.")


def test_what_is_done_has_a_name() -> None:
    assert (step(10).action, step(None, "rolling").action) == ("10 % to canary", "watch the new pods")
    assert step(10).gates == (GATE,)
