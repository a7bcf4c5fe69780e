"""A clock that a test moves by hand: nothing ever waits."""
from __future__ import annotations

import datetime
from collections.abc import Callable

WALL = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


class FakeClock:
    """A `Clock` on which only sleeping takes time.

    :param start: what `now` says first
    :param wall: what `wall` says first; both go on together
    :param on_sleep: called after every sleep with the seconds slept, when time has moved already
    """

    def __init__(
        self, start: float = 0.0, wall: datetime.datetime = WALL, on_sleep: Callable[[float], object] | None = None
    ) -> None:
        self._start = self._now = start
        self._wall = wall
        self.on_sleep = on_sleep
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def wall(self) -> datetime.datetime:
        return self._wall + datetime.timedelta(seconds=self._now - self._start)

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self.slept.append(seconds)
        if self.on_sleep is not None:
            self.on_sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Time passes while somebody is busy with something else."""
        self._now += seconds
