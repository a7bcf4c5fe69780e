"""Two targets in one release, one good and slow, one bad and quick: the bad one must not wait for the good one."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.say import say
from tests.bench.outcome import Outcome, Row, seconds
from tests.bench.place import BAD, FIRST, GOOD, Place
from tests.bench.ratios import Goal, ratio
from tests.bench.reports import ended

NAME, ROUNDS = "two_targets", 3
GOAL = Goal("≤", 1.0)
# How long each watches a step: the good one is the slow one.
STEPS = {"slow": 15.0, "quick": 5.0}
TO = {"slow": GOOD, "quick": BAD}


def run(place: Place, rounds: int) -> Outcome:
    found = []
    with _installed(place) as words:
        for number in range(rounds):
            say(f"  round {number + 1} of {rounds}")
            found.append(_round(place, words))
    back, end = [one["back"] for one in found], [one["end"] for one in found]
    row = Row(
        NAME, "the bad, quick target is back and verified", seconds(back), f"the good, slow one ends: {seconds(end)}",
        ratio(back, end), GOAL, f"traffic of the bad one on stable after {seconds([one['safe'] for one in found])}",
    )  # fmt: skip
    return Outcome([row], {"rounds": found})


def _round(place: Place, words: list[str]) -> dict[str, Any]:
    for name in TO:
        _install(place, name)
    with place.users(_host("slow"), 25.0) as slow, place.users(_host("quick"), 25.0) as quick:
        done = place.playbook("release", *words, extra={"release_versions": TO}).expect(2)
    report = place.report()
    of = {one["target"]: one for one in report["targets"]}
    assert (of["slow"]["result"], of["quick"]["result"]) == ("released", "taken_back"), done.out
    return {
        "back": ended(of["quick"]["steps"] + of["quick"]["undo"]) - done.begun,
        "end": ended(of["slow"]["steps"]) - done.begun,
        "safe": done.when(r"^\[quick\] all traffic is on stable"), "whole": done.seconds,
        "lost": slow.lost() + quick.lost(BAD),
    }  # fmt: skip


@contextmanager
def _installed(place: Place) -> Iterator[list[str]]:
    """Both targets for as long as the block lasts; the words that make ansible-playbook know them."""
    hosts = {
        name: {
            "helm_release_chart": str(place.chart), "helm_release_values": _values(place, name),
            "canary_shift_step_duration": watched, "canary_shift_bake": watched, "canary_shift_steps": [20, 100],
        }
        for name, watched in STEPS.items()
    }  # fmt: skip
    try:
        yield place.inventory(hosts)
    finally:
        for name in TO:
            _remove(place, name)


def _host(name: str) -> str:
    """Each has a host name of its own at the one gateway."""
    return f"{name}.example.test"


def _values(place: Place, name: str) -> dict[str, Any]:
    return place.site.values(route={"hostnames": [_host(name)]})


def _install(place: Place, name: str) -> None:
    """As it is before a release, with nothing of the round before."""
    _remove(place, name)
    place.site.install(name, _values(place, name), FIRST)


def _remove(place: Place, name: str) -> None:
    selector = f"releng.runbooks/helm-release={name}"
    place.site.kubectl("delete", "deployments,services,configmaps,secrets", "-l", selector)
    place.site.kubectl("delete", f"configmap/release-{name}", f"lease/release-{name}", "--ignore-not-found")
    place.site.helm("uninstall", name, "--wait", "--ignore-not-found")
