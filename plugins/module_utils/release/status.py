# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a target: read from release state, lock, helm and the workload, for people and for rollbacks."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils import rollout
from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.release import by_hand, choice, lock
from ansible_collections.releng.runbooks.plugins.module_utils.release.phases import safe_side
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import State
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import Versions


@dataclasses.dataclass
class Status:
    """``under_way``: ``{release, procedure, phase, safe_side, by, since, holder}`` or ``{}``; ``last`` the newest
    entry of the history or ``{}``; ``latest`` what :func:`choice.latest` says; ``undoable`` the release whose result
    runs here, or ``{}``; ``weights`` in per cent; ``pods`` how far the rollout is; ``candidates`` what can be gone
    back to, newest first; ``by_hand`` the way back of what is under way, with kubectl and helm alone."""

    target: str
    service: str
    version: str
    revision: int
    pods: str
    weights: dict[str, int]
    under_way: dict[str, Any]
    last: dict[str, Any]
    latest: dict[str, Any]
    undoable: dict[str, Any]
    candidates: list[dict[str, Any]]
    by_hand: list[str]


def read(session: Session) -> Status:
    """One look, nothing is changed and no lock is taken."""
    state = session.load()
    versions = Versions(session, "")
    before = versions.before
    under_way = _under_way(session, state)
    return Status(
        target=session.target.name, service=session.target.service, version=before.version, revision=before.revision,
        pods=_pods(session), weights=_weights(session, state), under_way=under_way,
        last=state.history[0] if state and state.history else {},
        latest=choice.latest(state),
        undoable=choice.undoable(state, versions.revisions) or {},
        candidates=choice.candidates(state, versions.revisions),
        by_hand=by_hand.commands(session.target, state) if state and under_way else [],
    )


def lines(status: Status, now: datetime.datetime) -> list[str]:
    """For a person at three in the morning: what runs, what is under way, what could be gone back to."""
    told = [f"{status.service} {status.version or 'of no known version'} (revision {status.revision}) · {status.pods}"]
    if status.weights.get("canary"):
        told.append(f"traffic: {status.weights['canary']} % on canary, {status.weights['stable']} % on stable")
    if status.last:
        one = status.last
        result = one["result"].replace("_", " ")
        told.append(f"last: {one['procedure']} {one['release']} by {one['by']}, {_ago(one['at'], now)} ago, {result}")
    if status.under_way:
        one = status.under_way
        side = f"safe side {one['safe_side']}" if one["safe_side"] else "no side is safe alone"
        holder = f"held by {one['holder']}" if one["holder"] else "nobody holds its lock"
        told.append(
            f"under way: {one['procedure']} {one['release']} by {one['by']}, since {_ago(one['since'], now)}, "
            f"{one['phase']}, {side}, {holder}"
        )
        told += [f"by hand: {command}" for command in status.by_hand]
    told.append(f"can go back to: {choice.told(status.candidates)}")
    return told


def _pods(session: Session) -> str:
    try:
        seen = rollout.observe(session.kube, session.target.workload)
    except NotFound:
        return "no workload"
    return f"{seen.available} of {seen.desired} pods available" if seen.ready else seen.cause.text


def _weights(session: Session, state: State | None) -> dict[str, int]:
    if not (state and state.route.get("name")):
        return {}
    try:
        return dict(session.traffic().read().weights)
    except RunbookError:
        return {}


def _under_way(session: Session, state: State | None) -> dict[str, Any]:
    if state is None or state.result not in ("", "stuck"):
        return {}
    lease = session.kube.get(lock.KIND, session.lock.name, lock.API_VERSION)
    return {
        "release": state.release, "procedure": state.procedure, "phase": state.phase, "by": state.by,
        "safe_side": safe_side(state.phase), "since": state.started,
        "holder": (lease or {"spec": {}})["spec"].get("holderIdentity") or "",
    }


def _ago(at: str, now: datetime.datetime) -> str:
    try:
        return choice.span(max((now - datetime.datetime.fromisoformat(at)).total_seconds(), 0))
    except ValueError:
        return "an unknown time"
