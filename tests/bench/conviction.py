"""A bad canary: from the breach being visible in Prometheus to no user reaching it any more, and what it failed."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.say import say
from tests.bench.outcome import Outcome, Row, seconds
from tests.bench.place import BAD, Place
from tests.bench.ratios import Goal
from tests.bench.reports import safe
from tests.bench.users import Request

NAME, ROUNDS = "conviction", 5
GOAL = Goal("≤", 1.0)
LIMIT, WINDOW, INTERVAL, SHARE, RATE = 0.05, "10s", 1.0, 20, 60.0
LOOK = 0.05  # seconds between two moments at which Prometheus is asked what it knew


@dataclass(frozen=True)
class Conviction:
    """One round. ``visible``: the breach was there for whoever asked (UNIX time); ``out``: the last answer of the bad
    version; ``shifted``: the first one; ``failed`` and ``served``: requests of users that it failed, and all it had."""

    shifted: float
    visible: float
    out: float
    failed: int
    served: int
    lost: int

    def data(self) -> dict[str, float]:
        return {**vars(self), "seconds": self.seconds}

    @property
    def seconds(self) -> float:
        return self.out - self.visible


def run(place: Place, rounds: int) -> Outcome:
    ours: list[dict[str, Any]] = []
    for number in range(rounds):
        say(f"  round {number + 1} of {rounds}")
        ours.append(_ours(place))
    failed = [int(one["failed"]) for one in ours]
    other = "Argo Rollouts: not measured"
    rows = [
        Row(NAME, "breach visible in Prometheus → last answer of the bad canary",
            seconds([one["seconds"] for one in ours]), other, None, GOAL,
            f"route written {seconds([one['written'] for one in ours])} after the breach was visible"),
        Row(NAME, "requests failed by the bad canary until it is out",
            f"{sum(failed) / len(failed):.1f} ({min(failed)} to {max(failed)})", other, None, GOAL,
            f"{RATE:g} requests a second, {SHARE} % to the canary, which fails 30 %"),
    ]  # fmt: skip
    return Outcome(rows, {"ours": ours})


def _ours(place: Place) -> dict[str, Any]:
    place.site.baseline()
    extra = {"canary_shift_steps": [SHARE, 100], "canary_shift_step_duration": 30.0, "canary_shift_interval": INTERVAL}
    with place.users(rate=RATE) as users:
        done = place.release(BAD, extra=extra).expect(2)
    found = conviction(place, users.requests, "shop-canary-.*", done.begun)
    report = place.report()
    written = safe(report["targets"][0])
    return {
        **found.data(), "written": written - found.visible, "whole": done.seconds,
        "reason": report["targets"][0]["reason"],
    }  # fmt: skip


def conviction(place: Place, requests: list[Request], pods: str, begun: float) -> Conviction:
    """What users and Prometheus say of a canary whose pods are called like ``pods``."""
    bad = [one for one in requests if one.version == BAD]
    assert bad, "no user met the bad version"
    shifted, out = min(one.at for one in bad), max(one.at for one in bad)
    query = (
        f'sum(increase(shop_requests_total{{pod=~"{pods}",code=~"5.."}}[{WINDOW}]))'
        f' / sum(increase(shop_requests_total{{pod=~"{pods}"}}[{WINDOW}]))'
    )
    known = place.series(query, max(begun, shifted - 1), out + 1, LOOK)
    visible = next((at for at, value in known if value > LIMIT), None)
    assert visible is not None, f"Prometheus never showed a breach: {known}"
    failed = sum(one.failed for one in bad)
    lost = sum(one.failed for one in requests if one.version != BAD)
    return Conviction(shifted, visible, out, failed, len(bad), lost)
