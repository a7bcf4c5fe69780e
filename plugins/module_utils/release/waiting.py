# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a rollout and for helm, with a line for people, the lock renewed, and causes named within seconds."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.releng.runbooks.plugins.module_utils import causes, rollout
from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    NotFound,
    RunbookError,
    TimedOut,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Child
from ansible_collections.releng.runbooks.plugins.module_utils.poll import looks
from ansible_collections.releng.runbooks.plugins.module_utils.release.judging import Attentive, Say
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session

LOOK_EVERY = 1.0  # seconds
HELM_LOOK_EVERY = 0.25


class Waiting:
    """``asked`` says why the run has to stop, ``say`` prints a line (text, mark)."""

    def __init__(self, session: Session, asked: Callable[[], str], say: Say) -> None:
        self.session, self.say = session, say
        self.clock = Attentive(session.clock, asked)

    def rolled_out(self, workload: str, timeout: float) -> rollout.Progress:
        """Until every pod of ``workload`` is of the newest revision and available.

        :param timeout: seconds; time without an answer of the API server counts, too
        :raises RunbookError: a cause that no waiting cures, named; or the run has to stop
        :raises TimedOut: with the cause that was seen last
        """
        last = "nothing was seen of it"
        for elapsed in looks(self.clock, LOOK_EVERY, timeout):
            self._go_on()
            try:
                seen = rollout.observe(self.session.kube, workload)
            except (Unreachable, NotFound) as error:
                self.say(f"{workload}: holding: {error.message}", "outage")
                continue
            if seen.ready:
                return seen
            last = seen.cause.text
            self.say(f"{last} · {int(elapsed)} s", seen.cause.reason)
            if seen.cause.kind == causes.TERMINAL:
                raise RunbookError(f"{seen.cause.reason}: {last}.", reason=seen.cause.reason)
        raise TimedOut(f"{workload} was not rolled out in {timeout:g} s: {last}.")

    def helm(self, child: Child, timeout: float) -> None:
        """Until helm has ended; it is stopped with us.

        :raises RunbookError: helm failed, with what it said; or the run has to stop
        :raises TimedOut: it did not end in time
        """
        with child:
            for elapsed in looks(self.clock, HELM_LOOK_EVERY, timeout):
                code = child.poll()
                if code == 0:
                    return
                if code is not None:
                    raise RunbookError(f"helm ended with code {code}: {child.output().strip()[-800:]}")
                self._go_on()
                if elapsed >= 1:
                    self.say(f"helm is at work · {int(elapsed)} s", "helm")
            child.stop()
            raise TimedOut(f"helm did not end in {timeout:g} s and was stopped: {child.output().strip()[-400:]}")

    def _go_on(self) -> None:
        self.clock.go_on()
        self.session.renew()
