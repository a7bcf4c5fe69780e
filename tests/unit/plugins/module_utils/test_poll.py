"""Looking again and again: at once, on a grid that does not drift, and a last time when it is up."""
from __future__ import annotations

import datetime
import itertools
import math
import time
from collections.abc import Callable

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock, SystemClock, looks
from tests.unit.clock import FakeClock


@pytest.mark.parametrize(("interval", "until", "at"), [
    (5, 20, [0, 5, 10, 15, 20]),
    (5, 12, [0, 5, 10, 12]),
    (5, 4, [0, 4]),
    (5, 5, [0, 5]),
    (5, 0, [0]),
    (5, -3, [0]),
    (0.5, 1.25, [0, 0.5, 1.0, 1.25]),
    (math.inf, 7, [0, 7]),
])  # fmt: skip
@pytest.mark.parametrize("start", [0.0, 12345.5])
def test_when_it_looks(interval: float, until: float, at: list[float], start: float) -> None:
    clock = FakeClock(start)
    assert list(looks(clock, interval, until)) == at
    assert clock.now() - start == max(0, at[-1])


# How long each look takes -> when they begin. What fell due meanwhile is left out; the last one always takes place.
@pytest.mark.parametrize(("busy", "at"), [
    ([], [0, 5, 10, 15, 20]),
    ([1, 4, 2, 3], [0, 5, 10, 15, 20]),
    ([5, 5, 5, 5], [0, 5, 10, 15, 20]),
    ([7], [0, 10, 15, 20]),
    ([0, 12], [0, 5, 20]),
    ([11], [0, 15, 20]),
    ([10], [0, 10, 15, 20]),
    ([20], [0, 20]),
    ([33], [0, 33]),
    ([0, 0, 0, 9], [0, 5, 10, 15, 24]),
])  # fmt: skip
def test_who_looks_may_take_time(busy: list[float], at: list[float]) -> None:
    clock, found = FakeClock(), []
    for elapsed, seconds in zip(looks(clock, 5, 20), itertools.chain(busy, itertools.repeat(0)), strict=False):
        found.append(elapsed)
        clock.advance(seconds)
    assert found == at


def test_the_grid_does_not_drift() -> None:
    clock = FakeClock(1e6)
    for number, elapsed in enumerate(itertools.islice(looks(clock, 5, math.inf), 10_000)):
        assert elapsed == number * 5
        clock.advance(0.3)


def test_without_an_end_it_goes_on() -> None:
    assert list(itertools.islice(looks(FakeClock(), 60, math.inf), 500))[-1] == 499 * 60


def test_nobody_waits_before_the_first_look_or_after_the_last() -> None:
    clock = FakeClock()
    seen = looks(clock, 5, 10)
    assert next(seen) == 0 and clock.slept == []
    assert list(seen) == [5, 10] and clock.slept == [5, 5]


def test_a_sleep_that_ends_early_is_slept_on() -> None:
    class Restless(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(min(seconds, 2))

    clock = Restless()
    assert list(looks(clock, 5, 10)) == [0, 5, 10]
    assert clock.slept == [2, 2, 1] * 2


def test_a_machine_that_slept_looks_once_and_goes_on_with_its_grid() -> None:
    def hour(_seconds: float) -> None:
        clock.on_sleep = None
        clock.advance(3600 + 1)

    clock = FakeClock(on_sleep=hour)
    assert list(itertools.islice(looks(clock, 5, math.inf), 4)) == [0, 3606, 3610, 3615]


def test_what_a_sleep_raises_ends_it() -> None:
    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    seen = looks(FakeClock(on_sleep=stop), 5, 10)
    assert next(seen) == 0
    with pytest.raises(KeyboardInterrupt):
        next(seen)


@pytest.mark.parametrize("interval", [0, -1, math.nan, -math.inf])
def test_an_interval_that_would_never_rest(interval: float) -> None:
    with pytest.raises(ValueError, match=f"interval is {interval}, it has to be above 0"):
        next(looks(FakeClock(), interval, 10))


# The clock of this machine


def test_it_goes_forward_and_does_not_follow_the_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert clock.now() >= before
    assert abs(clock.now() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5


def test_its_time_of_day_is_that_of_greenwich() -> None:
    wall = SystemClock().wall()
    assert wall.utcoffset() == datetime.timedelta(0)
    assert abs((datetime.datetime.now(datetime.UTC) - wall).total_seconds()) < 5


def test_it_waits_as_long_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    SystemClock().sleep(2.5)
    assert slept == [2.5]


@pytest.mark.parametrize("make", [SystemClock, FakeClock])
def test_both_clocks_are_clocks(make: Callable[[], Clock]) -> None:
    clock: Clock = make()
    before = clock.now()
    clock.sleep(0)
    assert clock.now() >= before
    assert clock.wall().tzinfo is not None
