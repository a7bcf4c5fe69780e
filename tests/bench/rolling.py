"""A healthy rolling release with every check, against the commands of the runbook in a shell script."""
from __future__ import annotations

from typing import Any

from lab.say import say
from tests.bench.commands import timed
from tests.bench.outcome import Outcome, Row, seconds
from tests.bench.place import GOOD, Place
from tests.bench.ratios import Goal, ratio

NAME, ROUNDS = "rolling", 3
GOAL = Goal("≤", 1.5)
WATCHED = 5.0  # seconds that the gates have to hold, on both sides


def run(place: Place, rounds: int) -> Outcome:
    """Who begins changes from round to round."""
    ours: list[dict[str, Any]] = []
    script: list[dict[str, Any]] = []
    for number in range(rounds):
        say(f"  round {number + 1} of {rounds}")
        for side in (_ours, _script) if number % 2 == 0 else (_script, _ours):
            (ours if side is _ours else script).append(side(place))
    one, other = [each["seconds"] for each in ours], [each["seconds"] for each in script]
    without = [[each["seconds"] - WATCHED for each in side] for side in (ours, script)]
    row = Row(
        NAME, "healthy rolling release, all checks", seconds(one), f"shell script: {seconds(other)}", ratio(one, other),
        GOAL, f"{WATCHED:g} s of both are watching gates; without them {ratio(*without).value:.2f}×",
    )  # fmt: skip
    return Outcome([row], {"ours": ours, "script": script})


def _ours(place: Place) -> dict[str, Any]:
    place.site.baseline()
    extra = {"helm_release_strategy": "rolling", "helm_release_bake": WATCHED, "helm_release_interval": 1.0}
    with place.users() as users:
        done = place.release(GOOD, extra=extra).expect(0)
    assert place.site.version() == GOOD, done.out
    steps = {f"{one['stage']}: {one['action']}": one["seconds"] for one in place.report()["targets"][0]["steps"]}
    return {"seconds": done.seconds, "steps": steps, "lost": users.lost()}


def _script(place: Place) -> dict[str, Any]:
    place.site.baseline()
    env = {
        **place.account, "VERSION": GOOD, "RELEASE": "shop", "NAMESPACE": "shop", "CHART": "lab/charts/shop",
        "VALUES": str(place.values), "IMAGE": place.site.values()["image"]["repository"],
        "PROMETHEUS": place.prometheus, "WATCHED": f"{WATCHED:g}", "RECORD": str(place.folder / "record.txt"),
        "PATH": f"{place.site.tools}:{place.site.env['PATH']}",
    }  # fmt: skip
    with place.users() as users:
        done = timed(["bash", "tests/bench/runbook.sh"], env).expect(0)
    assert place.site.version() == GOOD, done.out
    parts = {text.removeprefix("== "): at for at, text in done.lines if text.startswith("== ")}
    return {"seconds": done.seconds, "parts_begin": parts, "lost": users.lost()}
