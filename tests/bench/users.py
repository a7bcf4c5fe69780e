"""Users of the sample service: requests at a steady rate, each answer with its time and the version that gave it.

`python -m tests.bench.users FILE URL HOST RATE SECONDS` is the process that sends; `Users` starts and ends it.
"""
from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from lab.demo_typed import end
from lab.load import where
from lab.load.counts import Counts
from lab.load.http import Answer, Client
from lab.load.pace import send
from tests.bench.commands import ROOT

SECONDS, TIMEOUT, FIRST = 900.0, 5.0, 2.0


@dataclass(frozen=True)
class Request:
    """``at``: when it was answered, on the clock of the wall (UNIX); ``status`` 0: not at all."""

    at: float
    version: str
    status: int

    @property
    def failed(self) -> bool:
        return not 200 <= self.status < 400


@dataclass
class Diary(Counts):
    """Counts, and what was counted."""

    begun: float = field(default_factory=time.time)
    answers: list[tuple[float, str, int]] = field(default_factory=list)

    def add(self, begun: float, took: float, answer: Answer) -> None:
        super().add(begun, took, answer)
        self.answers.append((self.begun + begun + took, answer.version, answer.status))


class Users:
    """Requests for as long as the block lasts; ``requests`` are there after it."""

    def __init__(self, file: Path, url: str, env: Mapping[str, str], host: str = "", rate: float = 40.0) -> None:
        self.file = file
        self.requests: list[Request] = []
        self._argv = [sys.executable, "-m", "tests.bench.users", str(file), url, host, str(rate), str(SECONDS)]
        self._env = dict(env)
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Users:
        self.file.unlink(missing_ok=True)
        nowhere = subprocess.DEVNULL
        self._child = subprocess.Popen(
            self._argv, cwd=ROOT, env=self._env, stdin=nowhere, stdout=nowhere, start_new_session=True
        )
        time.sleep(FIRST)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        assert self._child
        self._child.terminate()
        try:
            self._child.wait(2 * TIMEOUT)
        finally:
            if self._child.poll() is None:
                end(self._child)
        if kind is None:
            self.requests = [Request(*one) for one in json.loads(self.file.read_text())]

    def of(self, version: str) -> list[Request]:
        return [one for one in self.requests if one.version == version]

    def lost(self, bad: str = "") -> int:
        """Requests that failed, and that no bad version failed itself."""
        return sum(one.failed and (not bad or one.version != bad) for one in self.requests)


async def main(file: Path, url: str, host: str, rate: float, seconds: float) -> None:
    """Send until told to end by SIGTERM or SIGINT; then the answers are written."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    client = Client(where.find(url, os.environ, host), "/", reuse=True, timeout=TIMEOUT)
    diary = Diary()
    await send(client, diary, rate, seconds, over)
    file.write_text(json.dumps(diary.answers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])))
