# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker knows about the run it belongs to: its id, who started it, and when it has to stop."""

from __future__ import annotations

import datetime
import getpass
import hashlib
import os
import signal
import socket
import subprocess
import sys
from typing import Any

# Evaluated where the file is first imported. ansible-playbook imports action plugins before it forks, so this is
# the terminal of the main process; were it imported in a worker, only the pace of progress lines would change.
ON_A_TERMINAL = sys.stdout.isatty()


def run_id() -> str:
    """The id of this release: start of the ansible-playbook process (UTC) and six digits that tell hosts apart.

    Every worker of one run has the same parent, so every target computes the same id, and no two runs share one:
    the digits hash host name, process id and the exact start time of the process.
    """
    pid = os.getppid()
    started, exact = _started(pid)
    digits = hashlib.sha256(f"{socket.gethostname()}/{pid}/{exact}".encode()).hexdigest()[:6]
    return f"{started:%Y%m%dT%H%M%SZ}-{digits}"


def _started(pid: int) -> tuple[datetime.datetime, str]:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as handle:
            ticks = handle.read().rpartition(")")[2].split()[19]  # field 22: start time in ticks since boot
        with open("/proc/stat", encoding="utf-8") as handle:
            boot = next(int(line.split()[1]) for line in handle if line.startswith("btime "))
        seconds = boot + int(ticks) / os.sysconf("SC_CLK_TCK")
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC), f"{boot}.{ticks}"
    except OSError:  # no /proc: macOS, BSD
        text = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout.strip()
        local = datetime.datetime.strptime(text, "%a %b %d %H:%M:%S %Y").astimezone()
        return local.astimezone(datetime.UTC), text


def who(task_vars: dict[str, Any]) -> str:
    """The person behind this run: the user that AWX names, else ``login@host``."""
    for name in ("awx_user_name", "tower_user_name"):
        if task_vars.get(name):
            return str(task_vars[name])
    return f"{getpass.getuser()}@{socket.gethostname()}"


class Stop:
    """Tells a long step that it must go to the safe side and end.

    A worker's own SIGINT and SIGTERM handlers leave at once, without ``finally`` or ``rescue``, and a main process
    that was killed leaves its workers running. So while a step runs, signals only set a flag here (a handler that
    raises would be hit by the second signal in the middle of the clean-up), and the parent is watched.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        for number in self.SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: object) -> None:
        self._signal = self._signal or number

    def asked(self) -> str:
        """Why this step has to stop, or an empty string."""
        if self._signal:
            return f"interrupted by {signal.Signals(self._signal).name}"
        if os.getppid() != self._parent:
            return "ansible-playbook itself is gone"
        return ""
