"""Commands under a stopwatch: every line with its time, memory where wanted, and nothing left when interrupted."""
from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab.demo_typed import end
from tests.bench import memory

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """A command that has ended. Times in seconds from its start, ``begun`` on the clock of the wall (UNIX)."""

    argv: tuple[str, ...]
    code: int
    begun: float
    seconds: float
    lines: tuple[tuple[float, str], ...]
    largest: float  # MB: ru_maxrss of the largest process of it that was waited for
    peak: memory.Peak

    @property
    def out(self) -> str:
        return "\n".join(text for _, text in self.lines)

    def when(self, pattern: str) -> float:
        """When it first printed a line that ``pattern`` is found in.

        :raises AssertionError: it never did; the message holds what it printed
        """
        for at, text in self.lines:
            if re.search(pattern, text):
                return at
        raise AssertionError(f"no line with {pattern!r} in:\n{self.out}")

    def expect(self, code: int) -> Done:
        """Itself. :raises AssertionError: it ended with another code: then its times mean nothing"""
        assert self.code == code, f"{' '.join(self.argv[:3])} ended with {self.code} instead of {code}:\n{self.out}"
        return self


@contextmanager
def started(argv: Sequence[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own, whose output can be read; ended with the block, however that ends."""
    child = subprocess.Popen(
        argv, cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.poll() is None:
            end(child)
        if child.stdout:
            child.stdout.close()


def timed(argv: Sequence[str], env: Mapping[str, str], limit: float = 600.0, memory_too: bool = False) -> Done:
    """Run a command to its end.

    :param limit: seconds after which it is ended
    :param memory_too: watch its memory while it runs, which costs a little of its speed
    """
    wall, begun = time.time(), time.monotonic()
    with started(argv, env) as child:
        assert child.stdout
        watch = memory.Watch(child.pid) if memory_too else None
        alarm = threading.Timer(limit, end, (child,))
        alarm.start()
        try:
            lines = tuple(_read(child.stdout, begun))
            code, usage = _reaped(child)
        finally:
            alarm.cancel()
            peak = watch.stop() if watch else memory.Peak()
    return Done(tuple(argv), code, wall, time.monotonic() - begun, lines, usage / 1024, peak)


def _reaped(child: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Exit code, and the largest resident set in KB of it or of a process that it waited for."""
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except ChildProcessError:  # the alarm went off, and waited for it
        return child.wait(), 0
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss


def _read(stream: IO[bytes], begun: float) -> Iterator[tuple[float, str]]:
    for line in stream:
        yield time.monotonic() - begun, line.decode(errors="replace").rstrip()
