"""A bad canary: from the breach being visible in Prometheus to no user reaching it any more, and what it failed."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lab.say import say
from lab.trouble import Trouble
from tests.bench import argo, argo_controller
from tests.bench.outcome import Outcome, Row, seconds
from tests.bench.place import BAD, Place
from tests.bench.ratios import Estimate, Goal, ratio
from tests.bench.reports import safe
from tests.bench.users import Request

NAME, ROUNDS = "conviction", 5
GOAL = Goal("≤", 1.0)
LIMIT, WINDOW, INTERVAL, SHARE, RATE = 0.05, "10s", 1.0, 20, 60.0
QUERY = (
    f'sum(increase(shop_requests_total{{pod=~"{{pods}}",code=~"5.."}}[{WINDOW}]))'
    f' / sum(increase(shop_requests_total{{pod=~"{{pods}}"}}[{WINDOW}]))'
)
LOOK = 0.05  # seconds between two moments at which Prometheus is asked what it knew
WITHOUT = "BENCH_WITHOUT_ARGO"  # set: the controller is neither built nor run


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
    """Side by side, so that the machine is as busy for one as for the other."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    with _controller(place) as why:
        for number in range(rounds):
            say(f"  round {number + 1} of {rounds}")
            ours.append(_ours(place))
            if not why:
                theirs.append(_argo(place))
    return Outcome(_rows(ours, theirs, why), {"ours": ours, "argo": theirs, "without_argo": why})


@contextlib.contextmanager
def _controller(place: Place) -> Iterator[str]:
    """Argo Rollouts for as long as the block lasts, or why it is not there."""
    if os.environ.get(WITHOUT):
        yield f"{WITHOUT} is set"
        return
    with contextlib.ExitStack() as stack:
        why = ""
        try:
            stack.enter_context(argo_controller.running(place))
        except Trouble as trouble:
            say(f"  Argo Rollouts cannot be built: {trouble}")
            why = "it could not be built"
        yield why


def _rows(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], why: str) -> list[Row]:
    name = f"Argo Rollouts {argo_controller.version()}"
    written = seconds([one["written"] for one in ours])
    notes = {
        "seconds": f"the journal has it {written} after the breach was visible",
        "failed": f"{RATE:g} requests a second, {SHARE} % to the canary, which fails 30 %",
    }
    told: dict[str, Callable[[list[float]], str]] = {"seconds": seconds, "failed": _count}
    what = {
        "seconds": "breach visible in Prometheus → last answer of the bad canary",
        "failed": "requests failed by the bad canary until it is out",
    }
    rows = []
    for key in what:
        one, other = [float(each[key]) for each in ours], [float(each[key]) for each in theirs]
        against = f"{name}: {told[key](other) if other else f'not measured, {why}'}"
        compared = _ratio(one, other) if other else None
        rows.append(Row(NAME, what[key], told[key](one), against, compared, GOAL, notes[key]))
    return rows


def _ratio(ours: list[float], theirs: list[float]) -> Estimate | None:
    """Round by round; where a round counts nothing, of the sums, and without an interval."""
    if min(*ours, *theirs) > 0:
        return ratio(ours, theirs)
    return Estimate(sum(ours) / sum(theirs)) if sum(theirs) > 0 else None


def _count(values: list[float]) -> str:
    return f"{sum(values) / len(values):.1f} ({min(values):.0f} to {max(values):.0f})"


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


def _argo(place: Place) -> dict[str, Any]:
    found = argo.convicted(place, QUERY, LIMIT, INTERVAL, SHARE, RATE)
    seen = conviction(place, found["requests"], found["pods"], found["begun"])
    return {**seen.data(), "said": found["said"]}


def conviction(place: Place, requests: list[Request], pods: str, begun: float) -> Conviction:
    """What users and Prometheus say of a canary whose pods are called like ``pods``."""
    bad = [one for one in requests if one.version == BAD]
    assert bad, "no user met the bad version"
    shifted, out = min(one.at for one in bad), max(one.at for one in bad)
    known = place.series(QUERY.replace("{pods}", pods), max(begun, shifted - 1), out + 1, LOOK)
    visible = next((at for at, value in known if value > LIMIT), None)
    assert visible is not None, f"Prometheus never showed a breach: {known}"
    failed = sum(one.failed for one in bad)
    lost = sum(one.failed for one in requests if one.version != BAD)
    return Conviction(shifted, visible, out, failed, len(bad), lost)
