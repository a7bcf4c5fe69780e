"""A version whose image does not exist: how soon the cause is named and the command has ended, the old one serving."""
from __future__ import annotations

from typing import Any

from lab.say import say
from tests.bench.commands import Done, timed
from tests.bench.outcome import Outcome, Row, seconds
from tests.bench.place import FIRST, NOWHERE, Place
from tests.bench.ratios import Goal, inverse, ratio

NAME, ROUNDS = "image_missing", 3
GOAL = Goal("≥", 30)
STRATEGIES = ("canary", "rolling")
CAUSE = r"image \S+ of pod \S+ does not exist"
# Without this the registry is asked before anything begins, and the release refused; here the cluster has to find it.
OVERRIDE = {"image": "the bench wants the cluster itself to find that the image is missing"}


def run(place: Place, rounds: int) -> Outcome:
    """Helm takes its five minutes in full, so it has one round, whatever ``rounds`` says."""
    ours: dict[str, list[dict[str, Any]]] = {strategy: [] for strategy in STRATEGIES}
    for number in range(rounds):
        for strategy in STRATEGIES:
            say(f"  ours by {strategy}, round {number + 1} of {rounds}")
            ours[strategy].append(_ours(place, strategy))
    say("  helm upgrade --atomic --timeout 5m: takes five minutes")
    helm = _helm(place)
    rows: list[Row] = []
    against = f"helm --atomic: {seconds([helm['end']])}"
    for strategy, each in ours.items():
        ends, causes = [one["end"] for one in each], [one["cause"] for one in each]
        rows += [
            Row(NAME, f"image missing, {strategy}: command ended, old version serves", seconds(ends), against,
                inverse(ratio(ends, [helm["end"]])), GOAL, "one round of helm"),
            Row(NAME, f"image missing, {strategy}: cause named", seconds(causes), against,
                inverse(ratio(causes, [helm["end"]])), note=f"helm only says: {helm['says']}"),
        ]  # fmt: skip
    return Outcome(rows, {"ours": ours, "helm": helm})


def _ours(place: Place, strategy: str) -> dict[str, Any]:
    place.site.baseline()
    with place.users() as users:
        extra = {"precheck_overrides": OVERRIDE, "helm_release_strategy": strategy}
        done = place.release(NOWHERE, extra=extra).expect(2)
        _old_version_serves(place)
    return {"cause": done.when(CAUSE), "end": done.seconds, "lost": users.lost(), "requests": len(users.requests)}


def _helm(place: Place) -> dict[str, Any]:
    place.site.baseline()
    with place.users() as users:
        argv = [
            str(place.site.tools / "helm"), "-n", "shop", "upgrade", "shop", "lab/charts/shop", "--reset-values",
            "-f", str(place.values), "--set-string", f"image.tag={NOWHERE}", "--atomic",
            "--timeout", "5m",
        ]  # fmt: skip
        done = timed(argv, place.account, limit=900).expect(1)
        _old_version_serves(place)
    return {"end": done.seconds, "says": _said(done), "lost": users.lost(), "requests": len(users.requests)}


def _old_version_serves(place: Place) -> None:
    assert place.site.version() == FIRST, place.site.version()
    assert place.site.canary() == []
    status = place.site.get("deployment", "shop")["status"]
    assert status["availableReplicas"] == status["updatedReplicas"] == 2, status


def _said(done: Done) -> str:
    """The reason that helm gives, in its own words: the last clause of its error."""
    last = next((text for _, text in reversed(done.lines) if text.startswith("Error:")), "nothing")
    return last.rpartition(": ")[2]
