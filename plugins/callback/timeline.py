# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the main process adds to a run: signals that wait for the safe side, and a line per target in the end."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timeline
type: aggregate
short_description: Signals that wait for the safe side, and a line per target in the end
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    On SIGTERM (a job that is cancelled) and SIGHUP (a terminal that is closed), ansible-playbook by itself leaves at
    once, while its workers are still moving traffic to the safe side or, after SIGHUP, know nothing of it. With this
    callback it passes SIGTERM on to its workers, waits until they have ended, and then leaves with exit code 128 plus
    the number of the signal. So traffic is on the safe side before the command returns. SIGINT (Ctrl-C) is handled by
    ansible-playbook itself, which waits already.
  - At the end it prints one line for each target whose last stage told a result.
  - With C(-v), it also prints how long each step took, in the order in which they began.
  - The output of other callbacks stays as it is.
requirements:
  - To be named in C(callbacks_enabled) of C(ansible.cfg), or in E(ANSIBLE_CALLBACKS_ENABLED).
options:
  wait:
    description:
      - Seconds to wait after a signal for the workers to reach the safe side.
      - The workers go on even when this time is over.
    type: float
    default: 60
    env:
      - name: RELENG_TIMELINE_WAIT
    ini:
      - section: callback_timeline
        key: wait
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = releng.runbooks.timeline

  [callback_timeline]
  wait = 90
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

# Shorter steps (names looked up, facts set) are counted, not listed.
LISTED_SECONDS = 0.5
# How long an orderly exit may take once the workers have ended.
EXIT_SECONDS = 10


class Signals:
    """Takes SIGTERM and SIGHUP in the main process.

    The first one is acted on, later ones change nothing: the workers have been told, and whoever is in a hurry has
    SIGKILL. What runs inside the handler only uses system calls and what cannot be in the middle of something.
    """

    TAKEN = (signal.SIGTERM, signal.SIGHUP)

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._pid = os.getpid()
        self.exit_code = 0

    def take(self) -> None:
        for number in self.TAKEN:
            # nohup: whoever asked for a run that outlives its terminal gets it.
            if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: object) -> None:
        if os.getpid() != self._pid:  # inherited by a worker that has not put its own handler in this one's place
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if self.exit_code:
            return
        self.exit_code = 128 + number
        # Ctrl-C now would make ansible-playbook stop waiting.
        signal.signal(signal.SIGINT, self._handle)
        self._let_workers_end(signal.Signals(number).name)
        _drop_dead_terminal()
        # In the ordinary way, so that temporary files (decrypted ones among them) are removed. It may be swallowed
        # where the signal happened to strike, or hang; then this alarm ends it.
        signal.signal(signal.SIGALRM, self._leave_now)
        signal.alarm(EXIT_SECONDS)
        raise SystemExit(self.exit_code)

    def _leave_now(self, *_signal: object) -> None:
        _drop_dead_terminal()
        os._exit(self.exit_code)

    def _let_workers_end(self, name: str) -> None:
        workers = multiprocessing.active_children()
        if not workers:
            return
        _tell(f"{name}: waiting up to {self._wait:g} s for {_count(workers)} to reach the safe side.")
        for worker in workers:
            with contextlib.suppress(OSError):  # it has just ended
                os.kill(worker.pid or 0, signal.SIGTERM)
        until = time.monotonic() + self._wait
        while (left := [worker for worker in workers if worker.is_alive()]) and time.monotonic() < until:
            time.sleep(0.05)
        if left:
            pids = ", ".join(str(worker.pid) for worker in left)
            _tell(f"{_count(left)} did not end in {self._wait:g} s and may still be at work (process {pids}).")
            # An orderly exit would wait for them without end, and remove the temporary files that they still use.
            self._leave_now()
        _tell(f"{_count(workers)} ended.")


class CallbackModule(CallbackBase):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "releng.runbooks.timeline"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._signals: Signals | None = None
        self._summaries: dict[str, dict[str, str]] = {}
        self._running: dict[tuple[str, str], tuple[float, str]] = {}
        self._steps: list[tuple[float, float, str, str]] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        if self._signals is None:
            self._signals = Signals(self.get_option("wait"))
            self._signals.take()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._leave_if_told()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._leave_if_told()

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._leave_if_told()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._running[host.get_name(), task._uuid] = (time.time(), task.get_name().strip())

    def v2_runner_on_ok(self, result: Any) -> None:
        self._take(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._take(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._take(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._running.pop((result.host.get_name(), result.task._uuid), None)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._display.verbosity >= 1:
            for line in _timeline(self._steps):
                self._display.display(line)
        for line in _summary(self._summaries.values()):
            self._display.display(line)
        self._steps, self._summaries = [], {}

    def _take(self, result: Any) -> None:
        host = result.host.get_name()
        started, name = self._running.pop((host, result.task._uuid), (0.0, ""))
        if started:
            self._steps.append((started, time.time() - started, host, name))
        for told in (result.result, *_items(result.result)):
            summary = told.get("releng")
            if isinstance(summary, dict) and summary.get("result"):
                target = str(summary.get("target") or host)
                self._summaries[target] = {**{key: str(value) for key, value in summary.items()}, "target": target}

    def _leave_if_told(self) -> None:
        """The exit was swallowed where the signal struck: nothing new may begin."""
        if self._signals is not None and self._signals.exit_code:
            raise SystemExit(self._signals.exit_code)


def _items(result: Any) -> list[dict[str, Any]]:
    """The results of a loop."""
    return [item for item in result.get("results") or [] if isinstance(item, dict)]


def _summary(summaries: Any) -> list[str]:
    """``shop-eu  taken back  error rate 12.3 % > 5 % · next: ansible-playbook ...``, in columns, in order of names."""
    rows = [
        (
            summary["target"],
            summary["result"].replace("_", " "),
            " · ".join(
                part
                for part in (
                    " ".join(summary.get("reason", "").split()),
                    f"next: {summary['next']}" if summary.get("next") else "",
                )
                if part
            ),
        )
        for summary in summaries
    ]
    if not rows:
        return []
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return ["", *(f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]}".rstrip() for row in sorted(rows))]


def _timeline(steps: list[tuple[float, float, str, str]]) -> list[str]:
    """``12:00:04   14.2 s  shop-eu  Put the new version beside the old``; the time is UTC, as in the journal."""
    listed = sorted(step for step in steps if step[1] >= LISTED_SECONDS)
    short = [step[1] for step in steps if step[1] < LISTED_SECONDS]
    lines = [""] if steps else []
    wide = max((len(step[2]) for step in listed), default=0)
    for started, seconds, host, name in listed:
        at = time.strftime("%H:%M:%S", time.gmtime(started))
        lines.append(f"{at}  {seconds:7.1f} s  {host:<{wide}}  {name}")
    if short:
        lines.append(f"{sum(short):17.1f} s  in {len(short)} steps shorter than {LISTED_SECONDS:g} s")
    return lines


def _count(workers: list[Any]) -> str:
    return "1 worker" if len(workers) == 1 else f"{len(workers)} workers"


def _tell(line: str) -> None:
    """Past all buffers: the signal may have struck in the middle of a print, and the terminal may be gone."""
    with contextlib.suppress(OSError):
        os.write(2, f"{line}\n".encode())


def _drop_dead_terminal() -> None:
    """After a hang-up nothing can be printed any more; trying to would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        except RuntimeError:  # in the middle of a print
            continue
