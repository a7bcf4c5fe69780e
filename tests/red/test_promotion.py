"""Stable is in between: from here on it is the judged canary that users rely on."""
from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.red.harness import Site, Started


@contextmanager
def watched_share(site: Site, started: Started) -> Iterator[set[int]]:
    """The shares of the canary that the route has while stable is in between."""
    seen: set[int] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            if site.state().get("phase") == "promoting":
                seen.add(site.weights().get("shop-canary", 0))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_a_promotion_that_fails_is_taken_back_behind_the_canary(site: Site) -> None:
    """A quota that fills up between the canary and the upgrade: the new pods of stable cannot be made."""
    before = site.revision()
    with site.load() as counts:
        started = site.start_release("1.4.0", canary_shift_bake=8.0, helm_release_timeout=15.0)
        started.wait_for("canary 100 %")
        site.kubectl("create", "quota", "full", "--hard=pods=4")
        with watched_share(site, started) as shares:
            run = started.wait(150)
    assert run.code == 2, run.out
    assert "exceeded quota" in run.out and "taken back" in run.out
    assert shares == {100}, "all the time all traffic was on the judged canary"
    assert site.version() == "1.0.0" and site.revision() == before + 2
    assert site.canary() == [] and site.weights() == {"shop": 1}
    assert site.state()["result"] == "taken_back"
    assert json.loads(counts.read_text())["lost"] == 0


# Phase -> what makes it last long enough, and the share of the canary that is safe then.
PHASES = {
    "beside": ({}, 0),
    "baking": ({"canary_shift_bake": 60.0}, 0),
    "promoting": ({}, 100),
    "returning": ({"canary_shift_return_duration": 60.0}, 100),
}


@pytest.mark.extended
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_a_signal_in_each_phase(site: Site, phase: str, number: signal.Signals) -> None:
    extra, share = PHASES[phase]
    with site.load() as counts:
        started = site.start_release("1.4.0", **extra)
        started.wait_until(lambda: site.state().get("phase") == phase and started_in(phase, started))
        started.signal(number, group=number is signal.SIGINT)
        run = started.wait(60)
        assert run.code not in (0, 2), run.out
        assert site.weights().get("shop-canary", 0) == share, f"the safe side of {phase}, before exit"
        status = site.play("status")
        assert phase in status.out and "by hand" in status.out, status.out
        back = site.play("rollback")
        assert back.code == 0, back.out
    assert site.version() == "1.0.0" and site.canary() == [] and site.weights() == {"shop": 1}
    assert json.loads(counts.read_text())["lost"] == 0


def started_in(phase: str, started: Started) -> bool:
    """A step of traffic is under way when it told its first line; the others last from their first moment on."""
    words = {"baking": "canary 100 %", "returning": "Return traffic"}
    if phase in words and words[phase] not in started.out:
        return False
    time.sleep(0.5)
    return True
