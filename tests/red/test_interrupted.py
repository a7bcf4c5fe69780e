"""Whoever dies, traffic finds its safe side, and the way back leads home from there."""
from __future__ import annotations

import json
import signal
import time

import pytest

from tests.red.harness import Site

SLOW = {"canary_shift_step_duration": 60.0, "release_versions": {"shop": "1.4.0"}}


@pytest.mark.parametrize(
    ("number", "group", "codes"),
    [
        pytest.param(signal.SIGINT, True, {99, 130}, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, False, {143}, id="SIGTERM"),
        pytest.param(signal.SIGHUP, False, {129}, id="SIGHUP", marks=pytest.mark.extended),
    ],
)
def test_a_signal_during_a_step_moves_traffic_before_the_command_ends(
    site: Site, number: signal.Signals, group: bool, codes: set[int]
) -> None:
    with site.load():
        started = site.start("release", extra=SLOW)
        started.wait_for("canary 20 % (measured")
        started.signal(number, group)
        run = started.wait(60)
        assert run.code in codes, run.out
        assert site.weights().get("shop-canary", 0) == 0, "before exit"
    back = site.play("rollback")
    assert back.code == 0, back.out
    assert site.canary() == [] and site.weights() == {"shop": 1} and site.version() == "1.0.0"


def test_workers_do_not_go_on_without_their_main_process(site: Site) -> None:
    with site.load():
        started = site.start("release", extra=SLOW)
        started.wait_for("canary 20 % (measured")
        started.signal(signal.SIGKILL)
        started.process.wait(10)
        until = time.monotonic() + 20
        while site.weights().get("shop-canary", 0) and time.monotonic() < until:
            time.sleep(0.5)
        assert site.weights().get("shop-canary", 0) == 0


def test_a_second_release_is_refused_while_one_runs(site: Site) -> None:
    with site.load():
        started = site.start("release", extra=SLOW)
        started.wait_for("canary 20 % (measured")
        second = site.release("1.3.0")
        assert second.code == 2 and "is being released by" in second.out, second.out
        started.signal(signal.SIGINT, group=True)
        started.wait(60)
    assert site.play("rollback").code == 0


def test_somebody_else_changes_the_route(site: Site) -> None:
    """It is named, and traffic goes to the safe side once: what they write after that is theirs."""
    with site.load():
        started = site.start_release("1.4.0", canary_shift_step_duration=60.0)
        started.wait_for("canary 20 % (measured")
        refs = site.get("httproute", "shop")["spec"]["rules"][0]["backendRefs"]
        theirs = [{**one, "weight": 50} for one in refs]
        patch = [{"op": "replace", "path": "/spec/rules/0/backendRefs", "value": theirs}]
        site.kubectl("patch", "httproute/shop", "--type=json", "-p", json.dumps(patch))
        run = started.wait(90)
    assert run.code == 2 and "Somebody else changed the route" in run.out, run.out
    assert "All traffic is on stable" in run.out
    assert site.version() == "1.0.0" and site.canary() == [] and site.weights() == {"shop": 1}
