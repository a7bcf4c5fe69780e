"""Live lines: each look on a terminal, seldom elsewhere, and at once when something changes."""
from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.plugin_utils.progress import Progress
from tests.unit.clock import FakeClock


def said(terminal: bool, *looks: tuple[float, str]) -> list[str]:
    """What is printed when there is a look with this mark after so many seconds."""
    clock, lines = FakeClock(), list[str]()
    progress = Progress(lines.append, clock.now, terminal)
    for seconds, mark in looks:
        clock.sleep(seconds)
        progress.line(f"{clock.now():g} {mark}", mark)
    return lines


def test_a_terminal_gets_every_look() -> None:
    assert said(True, (0, "PASS"), (1, "PASS"), (1, "PASS")) == ["0 PASS", "1 PASS", "2 PASS"]


def test_elsewhere_one_line_in_thirty_seconds() -> None:
    looks = [(0.0, "PASS"), *[(1.0, "PASS")] * 65]
    assert said(False, *looks) == ["0 PASS", "30 PASS", "60 PASS"]


def test_a_change_is_told_at_once_and_begins_a_new_half_minute() -> None:
    looks = [(0.0, "PASS"), *[(1.0, "PASS")] * 10, *[(1.0, "FAIL")] * 32]
    assert said(False, *looks) == ["0 PASS", "11 FAIL", "41 FAIL"]


def test_without_a_mark_only_time_counts() -> None:
    assert said(False, (0, ""), (29.9, ""), (0.1, "")) == ["0 ", "30 "]
