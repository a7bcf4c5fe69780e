"""What is read out of answers, series and reports."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.load.http import Answer
from tests.bench.conviction import conviction
from tests.bench.door_cost import _times
from tests.bench.place import BAD, GOOD, Place
from tests.bench.reports import ended, safe
from tests.bench.users import Diary, Request


class Known(Place):
    """A place whose Prometheus knew this."""

    def series(self, query: str, begin: float, until: float, step: float) -> list[tuple[float, float]]:
        return [(100.0, 0.0), (100.5, 0.04), (101.0, 0.06), (101.5, 0.3)]


def known() -> Place:
    return Known(site=None, folder=Path())  # type: ignore[arg-type]


def test_a_conviction_lasts_from_the_visible_breach_to_the_last_bad_answer() -> None:
    requests = [Request(99.5, BAD, 200), Request(100.2, BAD, 500), Request(101.1, GOOD, 503), Request(102.0, BAD, 500)]
    found = conviction(known(), requests, "shop-canary-.*", 90.0)
    assert (found.shifted, found.visible, found.out, found.seconds) == (99.5, 101.0, 102.0, 1.0)
    assert (found.failed, found.served, found.lost) == (2, 3, 1)


def test_without_the_bad_version_nothing_was_measured() -> None:
    with pytest.raises(AssertionError, match="no user met"):
        conviction(known(), [Request(99.5, GOOD, 200)], "shop-canary-.*", 90.0)


def test_a_report_says_when_traffic_was_safe_and_when_all_was_over() -> None:
    def step(action: str, at: str, seconds: float | None) -> dict[str, Any]:
        return {"action": action, "at": f"2026-01-02T03:04:{at}+00:00", "seconds": seconds}

    undo = [step("traffic to the safe side of shifting", "05", 0.5), step("remove the canary", "06", 2.0)]
    assert ended(undo) - safe({"undo": undo}) == pytest.approx(2.5)
    with pytest.raises(ValueError, match=r"max\(\)|empty"):
        safe({"undo": []})


def test_times_of_doors_are_read_from_the_callback(tmp_path: Path) -> None:
    (tmp_path / "one.xml").write_text(
        '<testsuites><testsuite><testcase name="[shop] doors: precheck #0" time="1.5"/>'
        '<testcase name="[shop] doors: defaults" time="9"/>'
        '<testcase name="[shop] doors: canary, planned #1" time="0.2"/>'
        "</testsuite></testsuites>"
    )
    assert _times(tmp_path) == [("precheck", 1.5), ("canary, planned", 0.2)]


def test_users_keep_the_time_of_each_answer() -> None:
    diary = Diary(begun=1000.0)
    diary.add(2.0, 0.25, Answer(200, GOOD))
    assert diary.answers == [(1002.25, GOOD, 200)] and diary.total["ok"] == 1
    assert Request(*diary.answers[0]).failed is False and Request(0.0, "", 0).failed is True
