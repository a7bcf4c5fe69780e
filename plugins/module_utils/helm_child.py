# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A helm that changes something, as our child: watched while it works, stopped with us, never left behind.

What a stopped helm leaves: SIGTERM makes it write its revision down as ``failed`` and end, within a second. After
SIGKILL the newest revision stays ``pending-upgrade`` (or ``pending-rollback``), and every further upgrade is refused
until a ``helm rollback`` to the last good revision has been made, which a pending revision does not hinder.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import IO

from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import scrub
from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock, looks

LOOK_EVERY = 0.1  # seconds
MAX_OUTPUT = 4096
# More is read than shown, so that the cut does not part a key from the value that has to be masked.
_READ = 1 << 16

_PR_SET_PDEATHSIG = 1
# Loaded here and not in the child: between fork and exec as little as possible may happen.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """A process in a group of its own. It gets SIGTERM when the thread that started it ends, however it ends.

    :param stdin: what it reads (UTF-8), kept in an unnamed file that no other user can open
    :param secrets: masked in what it says
    :raises NotFound: there is no such program
    """

    def __init__(
        self, argv: Sequence[str], env: dict[str, str] | None = None, stdin: str = "", secrets: Sequence[str] = ()
    ) -> None:
        self.argv = list(argv)
        self._secrets = tuple(secrets)
        self._said = scratch()
        try:
            with unnamed(stdin) as source:
                # Standard output is what the chart's notes say, for nobody; they may name passwords.
                self._process = start(self.argv, env, source, subprocess.DEVNULL, self._said)
        except BaseException:
            self._said.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None while it works."""
        return self._process.poll()

    def wait(self, clock: Clock, until: float) -> int | None:
        """Its exit code, None when it still works after ``until`` seconds."""
        for _elapsed in looks(clock, LOOK_EVERY, until):
            if (code := self.poll()) is not None:
                return code
        return None

    def stop(self, grace: float = 10.0) -> int:
        """End it and all that it started: SIGTERM, and SIGKILL after ``grace`` seconds. Returns its exit code."""
        if self.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(grace)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        return self._process.wait()

    def output(self) -> str:
        """The end of what it said on standard error, at most 4 KB, without secrets; ``""`` once closed."""
        if self._said.closed:
            return ""
        # Read without moving: the child writes at the same place of the same open file.
        size = os.fstat(self._said.fileno()).st_size
        said = os.pread(self._said.fileno(), _READ, max(0, size - _READ)).decode("utf-8", "replace")
        return str(scrub(said, self._secrets))[-MAX_OUTPUT:]

    def close(self) -> None:
        """Stop it if it still works, and give back what it said."""
        if self.poll() is None:
            self.stop()
        self._said.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # ended in this moment
            os.killpg(self._process.pid, number)


def scratch() -> IO[bytes]:
    """An empty file without a name, open for reading and writing."""
    return tempfile.TemporaryFile(prefix="releng-runbooks-")


def unnamed(text: str) -> IO[bytes]:
    """An open file with ``text`` that has no name: it is gone when the last who has it open ends, even by SIGKILL."""
    file = scratch()
    file.write(text.encode())
    file.seek(0)
    return file


def start(
    argv: Sequence[str], env: dict[str, str] | None, stdin: IO[bytes], stdout: int | IO[bytes], stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    """:raises NotFound: there is no such program"""
    try:
        return subprocess.Popen(
            argv, env=env, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True,
            preexec_fn=_ends_with(os.getpid()),
        )  # fmt: skip
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        raise NotFound(
            f"There is no program '{argv[0]}' that can be run here.",
            remedy="Install helm, or set helm_release_binary to its path.", binary=argv[0],
        ) from None


def _ends_with(parent: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    libc = _LIBC

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the line above
            os.kill(os.getpid(), signal.SIGTERM)

    return bind
