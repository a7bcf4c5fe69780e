# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, and looking again and again until it is up. The clock is handed in, so that tests never wait."""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Iterator
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, the time of day, and waiting."""

    def now(self) -> float:
        """Seconds since some moment; goes on while the machine sleeps, and never back."""
        ...

    def wall(self) -> datetime.datetime:
        """The time of day, aware, in UTC: for people and for other machines, never for measuring."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of this machine."""

    # Where there is none that goes on during sleep (not Linux), a monotonic one has to do.
    _CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now(self) -> float:
        return time.clock_gettime(self._CLOCK)

    def wall(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def looks(clock: Clock, interval: float, until: float) -> Iterator[float]:
    """Yield the seconds that have passed: at once, then at every multiple of ``interval``, the last time at ``until``.

    The grid does not drift with what the caller does in between. Looks that fell due while the caller was busy are
    left out, never caught up with; only the one at ``until`` always takes place, late if it must.

    :param until: seconds; ``math.inf`` never ends
    """
    if not interval > 0:
        raise ValueError(f"interval is {interval}, it has to be above 0")
    start = clock.now()
    number = 0
    while True:
        due = min(number * interval, until)
        while (wait := due - (clock.now() - start)) > 0:
            clock.sleep(wait)
        yield clock.now() - start
        if due >= until:
            return
        number = max(number + 1, math.ceil((clock.now() - start) / interval))
