# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live lines: what on-call sees while a step runs."""

from __future__ import annotations

from collections.abc import Callable


class Progress:
    """Prints a line per look on a terminal, else one per 30 s and at each change of what matters.

    :param say: prints one line
    :param now: monotonic seconds
    :param terminal: whether somebody is looking at a terminal
    """

    QUIET_SECONDS = 30.0

    def __init__(self, say: Callable[[str], None], now: Callable[[], float], terminal: bool) -> None:
        self._say, self._now, self._terminal = say, now, terminal
        self._last_at: float | None = None
        self._last_mark = ""

    def line(self, text: str, mark: str = "") -> None:
        """:param mark: what a change of is worth a line of its own (a verdict, the name of a cause)"""
        now = self._now()
        due = self._last_at is None or mark != self._last_mark or now - self._last_at >= self.QUIET_SECONDS
        if self._terminal or due:
            self._say(text)
            self._last_at, self._last_mark = now, mark
