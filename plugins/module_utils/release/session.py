# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a door holds while it works on a target: cluster, release state, lock and journal as one thing.

A door never keeps anything from one call to the next: it reads the release state, renews the lock, and goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused, RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Helm
from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube
from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.module_utils.release.lock import Lock
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import State
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import Target
from ansible_collections.releng.runbooks.plugins.module_utils.traffic import PROVIDERS

Answer = TypeVar("Answer")

# Seconds for which the way back goes on trying without an answer. Its writes carry the fencing token, so trying
# longer than the lock lasts does no harm.
WAY_BACK_PATIENCE = 300.0
RETRY_EVERY = 1.0


def has_to_stop(reason: str) -> RunbookError:
    """The error of a run that was asked to stop, as a sentence."""
    return RunbookError(f"{reason[:1].upper()}{reason[1:]}.")


class Session:
    """One target in the hands of one run.

    :param run: id of the release, which every worker of an ansible-playbook process shares
    :param by: who runs it
    :param say: prints one live line
    :param asked: why the run has to stop, ``""`` while it has not
    """

    def __init__(
        self, target: Target, run: str, by: str, clock: Clock, say: Callable[[str], None],
        asked: Callable[[], str] = str,
    ) -> None:
        self.target, self.run, self.by, self.clock, self.say = target, run, by, clock, say
        self.asked = asked
        self.kube = Kube(target.access)
        self.helm = Helm(target.binary, target.access, target.release)
        self.journal = Journal.open(target.journal)
        self.lock = Lock(self.kube, target.release, f"{by} ({run})", clock)
        self.state: State | None = None

    # The release that is under way ---------------------------------------------------------------------------------

    def load(self) -> State | None:
        self.state = self.retry(lambda: states.load(self.kube, self.target.release))
        return self.state

    def resume(self) -> State:
        """The open release of this run, with its lock in our hands.

        :raises Refused: this run opened no release here, or it has ended
        :raises Held: somebody else has the lock
        """
        state = self.load()
        if state is None or state.release != self.run or state.result:
            raise Refused(
                f"No release of this run is open on {self.target.name}: nothing is changed without one.",
                remedy="Run a procedure such as playbooks/release.yml from its beginning; it checks and locks first.",
            )
        token = self.retry(lambda: self.lock.take(at_least=state.token))
        if token != state.token:
            with contextlib.suppress(RunbookError):  # taken by looking at it: the next one need not wait for its end
                self.lock.give_back()
            raise Refused(
                f"The lock of {self.target.name} was lost: its token is {token} now, this release had {state.token}.",
                remedy="Another run has taken over; ask playbooks/status.yml what it does.",
            )
        return state

    @property
    def open(self) -> State:
        if self.state is None:
            raise RunbookError(f"The release state of {self.target.name} has not been read.")
        return self.state

    def save(self, **changes: Any) -> State:
        """Write the release state with ``changes``; held through a short outage of the API server."""
        state = self.open
        for name, value in changes.items():
            setattr(state, name, value)
        state.updated = self.retry(lambda: self.kube.server_time()).isoformat()
        self.state = self.retry(lambda: states.save(self.kube, self.target.release, state))
        return state

    # Outages -------------------------------------------------------------------------------------------------------

    def retry(self, call: Callable[[], Answer], patience: float | None = None) -> Answer:
        """``call``, repeated while the API server gives no answer.

        :param patience: seconds, which the way back has, whatever asks it to stop; None: as long as the lock lets us
            act, and nobody asks us to stop
        :raises Unreachable: still no answer
        :raises RunbookError: the run has to stop
        """
        begun = self.clock.now()
        told = False
        while True:
            try:
                return call()
            except Unreachable as error:
                spent = self.clock.now() - begun
                allowed = self.lock.duration * 2 / 3 if patience is None else patience
                if spent >= allowed:
                    raise
                if patience is None and (reason := self.asked()):
                    raise has_to_stop(f"{reason}, while there was no answer") from error
                if not told:
                    self.say(f"holding: {error.message}")
                    told = True
            self.clock.sleep(RETRY_EVERY)

    def renew(self) -> str:
        """Say that we are alive. Returns why that is not known just now, or an empty string.

        Who only looks has no lock, and none to renew.

        :raises Overtaken: somebody else holds the lock
        :raises Unreachable: for so long that others may take over
        """
        if not self.lock.token:
            return ""
        try:
            self.lock.renew()
        except Unreachable as error:
            if not self.lock.alive():
                raise
            return error.message
        return ""

    # The journal ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def change(
        self, stage: str, action: str, before: dict[str, Any], after: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Intent before, result after. The body may add to the result; an error is the result, too."""
        token = self.open.token
        entry = self.journal.intent(self.run, self.target.name, stage, action, before, after, token)
        told: dict[str, Any] = {}
        try:
            yield told
        except BaseException as error:
            with contextlib.suppress(RunbookError):
                self.journal.result(entry, False, {**told, "error": str(error)[:500]})
            raise
        self.journal.result(entry, True, told)

    @contextlib.contextmanager
    def undo(
        self, action: str, before: dict[str, Any], after: dict[str, Any], stage: str = "rollback"
    ) -> Iterator[dict[str, Any]]:
        """As :meth:`change`, for the way back: a journal that cannot be written does not stand in its way."""
        entry = 0
        try:
            entry = self.journal.intent(
                self.run, self.target.name, stage, action, before, after, self.open.token
            )
        except RunbookError as error:
            self.say(f"the journal cannot be written, going on without it: {error.message}")
        told: dict[str, Any] = {}
        done = False
        try:
            yield told
            done = True
        except BaseException as error:
            told["error"] = str(error)[:500]
            raise
        finally:
            if entry:
                with contextlib.suppress(RunbookError):
                    self.journal.result(entry, done, told)

    def note(self, stage: str, kind: str, data: dict[str, Any]) -> None:
        """Something worth keeping that is no change; a journal that cannot be written is told, not fatal."""
        token = self.state.token if self.state else 0
        try:
            self.journal.note(self.run, self.target.name, stage, kind, data, token)
        except RunbookError as error:
            self.say(f"the journal cannot be written: {error.message}")

    # Traffic -------------------------------------------------------------------------------------------------------

    def traffic(self) -> Any:
        """The provider of traffic of this target, as the release state names its services."""
        route = self.state.route if self.state else {}
        return PROVIDERS["httproute"](
            self.kube, route.get("name") or self.target.route, stable=route.get("stable", ""),
            canary=route.get("canary", ""),
        )
