# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beginning of a release on a target: lock, release state, token on the route, head of the journal."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound, Refused, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal import ReleaseRecord
from ansible_collections.releng.runbooks.plugins.module_utils.release.choice import Choice
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side, State
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import Versions
from ansible_collections.releng.runbooks.plugins.module_utils.traffic.httproute import TOKEN_PATH


def is_open(session: Session) -> bool:
    """Whether this very run has opened its release here already; its lock is renewed then."""
    found = session.state
    if found is None or found.release != session.run or found.result:
        return False
    session.lock.take(at_least=found.token)
    return True


def lock(session: Session) -> None:
    """Take the lock with a token higher than any that stands anywhere.

    :raises Held: somebody else has it and is alive
    """
    token = session.retry(lambda: highest_token(session))
    session.retry(lambda: session.lock.take(at_least=token, say=session.say))
    session.load()


@contextlib.contextmanager
def locked(session: Session) -> Iterator[None]:
    """:func:`lock`; where the body refuses, nothing was written, and the lock is free again for who goes on."""
    lock(session)
    try:
        yield
    except Refused:
        with contextlib.suppress(RunbookError):
            session.lock.give_back()
        raise


def highest_token(session: Session) -> int:
    """Of release state and route: a cluster that was restored from a backup must not lower it."""
    token = session.state.token if session.state else 0
    if not session.target.route:
        return token
    try:
        return max(token, session.traffic().token())
    except NotFound:
        return token  # a first release brings its route along


def begin(session: Session, procedure: str, version: str) -> State:
    """Open a release in phase ``checked``. The lock must be ours.

    :raises Refused: the release before it never ended
    """
    found = session.state
    if found is not None and found.result in ("", "stuck"):
        how = "never ended" if not found.result else "is stuck"
        raise Refused(
            f"Release {found.release} by {found.by} {how} on {session.target.name}, in phase {found.phase}.",
            remedy=f"Take it back first: ansible-playbook playbooks/rollback.yml --limit {session.target.name}",
        )
    now = session.retry(session.kube.server_time).isoformat()
    return _write(session, State(
        target=session.target.name, service=session.target.service, release=session.run, procedure=procedure,
        strategy=session.target.strategy, phase="checked", token=session.lock.token, by=session.by, started=now,
        updated=now, journal=session.journal.place.url, after=Side(version=version),
        before=found.after if found else Side(), history=found.history if found else [],
    ))  # fmt: skip


def begin_rollback(session: Session, chosen: Choice) -> State:
    """Open the way back: out of the phase of a release that never ended, or from a finished one.

    The lock must be ours, and ``chosen`` made under it.
    """
    now = session.retry(session.kube.server_time).isoformat()
    found = session.state
    if chosen.kind == "interrupted" and found is not None:
        return _write(session, dataclasses.replace(
            found, release=session.run, procedure="rollback", token=session.lock.token, by=session.by, started=now,
            updated=now, journal=session.journal.place.url, result="", reason=chosen.reason, direction="back",
            undoes=found.undoes or found.release, way_back=_for_token(found.way_back, session.lock.token),
        ))  # fmt: skip
    return _write(session, State(
        target=session.target.name, service=session.target.service, release=session.run, procedure="rollback",
        strategy=session.target.strategy, phase="undoing", token=session.lock.token, by=session.by, started=now,
        updated=now, journal=session.journal.place.url, before=Versions(session, "").before,
        after=Side(chosen.version, chosen.revision), history=found.history if found else [], reason=chosen.reason,
        direction="back", undoes=chosen.release,
    ))  # fmt: skip


def _for_token(ops: list[dict[str, Any]], token: int) -> list[dict[str, Any]]:
    """The patch for others under a new token: it tests it, and raises it by one."""
    return [
        {**one, "value": str(token + (one["op"] != "test"))} if one["path"] == TOKEN_PATH else one for one in ops
    ]


def record(session: Session, params: dict[str, Any]) -> None:
    """The head of this release in the journal; every target of the run may write it.

    :param params: ``procedure``, ``versions``, ``targets``, ``inventory``, ``reason`` as given to a door
    """
    session.journal.begin(ReleaseRecord(
        release=session.run, procedure=params["procedure"], by=session.by,
        started=session.clock.wall().isoformat(timespec="milliseconds"), inventory=params["inventory"],
        versions={key: str(value) for key, value in params["versions"].items()},
        targets=params["targets"] or [session.target.name], reason=params["reason"],
    ))  # fmt: skip


def _write(session: Session, state: State) -> State:
    session.state = state
    session.save()
    if session.target.route and (state.route or state.strategy == "canary"):
        try:
            session.retry(lambda: session.traffic().claim(state.token))
        except NotFound:
            return state  # a first release brings its route along
    return state
