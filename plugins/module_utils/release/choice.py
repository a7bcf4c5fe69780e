# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollback goes back to: chosen from the release state and helm's history alone, on any machine.

Without a wish it is the one newest release, only where it still runs, and only while it is young. Otherwise nothing is
changed, and the candidates are named with the exact command for each.
"""

from __future__ import annotations

import dataclasses
import datetime
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Revision
from ansible_collections.releng.runbooks.plugins.module_utils.helm_history import good
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side, State


@dataclasses.dataclass(frozen=True)
class Choice:
    """``kind``: ``interrupted`` (the way back of a release that never ended), ``finished`` (undo it), ``none``
    (this target has no part in the release that is taken back). ``revision``: of helm, to go back to."""

    kind: str
    release: str = ""
    version: str = ""
    revision: int = 0
    reason: str = ""

    @property
    def group(self) -> str:
        """The group of targets that this one joins: those that go back, or those that stay."""
        return "stays" if self.kind == "none" else "wave_1"


def undoable(state: State | None, revisions: Sequence[Revision]) -> dict[str, Any] | None:
    """The entry of the history for the release whose result still runs here; None where nothing of ours does."""
    current = revisions[-1].revision if revisions else 0
    released = (one for one in (state.history if state else []) if one["result"] == "released")
    last = next((one for one in released if one["procedure"] != "rollback"), None)
    return last if last is not None and last["revision"] == current else None


def latest(state: State | None) -> dict[str, Any]:
    """``{"release", "at"}`` of the newest release that had to do with this target, however it ended; {} without one.

    One that was taken back counts: it was the newest, and there is nothing left to take back. Where it did not, the
    same rollback given twice would go on to the release before it.
    """
    if state is not None and state.result in ("", "stuck"):
        return {"release": state.undoes or state.release, "at": state.updated}
    if state is None or not state.history:
        return {}
    last = state.history[0]
    meant = last.get("undoes") or last["release"]
    known = next((one for one in state.history if one["release"] == meant), last)
    return {"release": meant, "at": known["at"]}


def newest(entries: Iterable[dict[str, Any]]) -> str:
    """Id of the newest of what :func:`latest` says of each target; ``""`` without one."""
    return str(max(entries, key=lambda one: (one["at"], one["release"]), default={"release": ""})["release"])


def choose(
    state: State | None, revisions: Sequence[Revision], wish: str, release: str, max_age: float,
    now: datetime.datetime, target: str = "",
) -> Choice:
    """What to go back to on one target.

    :param wish: a version, a revision of helm, or the id of a release; ``""`` for the newest release
    :param release: the newest release of all targets, see :func:`newest`
    :param max_age: seconds after which a release is not taken back without being named
    :param now: the API server's clock
    :param target: for the commands that are named
    :raises Refused: nothing fits; names what could be chosen
    """
    if state is not None and state.result in ("", "stuck"):
        return _out_of(state, wish)
    options = candidates(state, revisions)
    if wish:
        return _asked_for(wish, options, target)
    last = undoable(state, revisions)
    if last is None or last["release"] != release:
        why = f"the newest release, {release}, has no part in what runs here" if release else "there was no release yet"
        return Choice("none", reason=why)
    age = (now - datetime.datetime.fromisoformat(last["at"])).total_seconds()
    if age > max_age:
        raise Refused(
            f"The newest release {release} is {span(age)} old, and rollback_max_age is {span(max_age)}; "
            f"candidates: {told(options)}.",
            remedy=command(options, target),
        )
    if not last["from_revision"]:
        raise Refused(f"Nothing ran here before {release}, which installed {last['version']}: no way leads back.")
    if not any(one["revision"] == last["from_revision"] for one in options):
        raise Refused(
            f"Revision {last['from_revision']}, which ran before {release}, is not a good one in helm's history; "
            f"candidates: {told(options)}.",
            remedy=command(options, target),
        )
    return Choice("finished", release, last["from"], last["from_revision"], f"takes back {release}")


def leads_to(state: State) -> Side:
    """Where the way back out of a release that never ended leads: undoing a finished one goes on to the older one."""
    return state.after if state.phase == "undoing" else state.before


def _out_of(state: State, wish: str) -> Choice:
    """A release that never ended has one way back; another wish has to wait until it was gone."""
    side = leads_to(state)
    why = f"never ended, in phase {state.phase}" if not state.result else f"stuck in phase {state.phase}"
    if wish and wish not in (side.version, str(side.revision), _made_by(state, side.revision)):
        raise Refused(
            f"rollback_to is '{wish}', and {state.release} {why}: its own way back comes first and leads to "
            f"{side.version or 'what ran before'} (revision {side.revision}).",
            remedy="Go it without rollback_to: "
            f"ansible-playbook playbooks/rollback.yml --limit {shlex.quote(state.target)}",
        )
    return Choice("interrupted", state.release, side.version, side.revision, why)


def _made_by(state: State, revision: int) -> str | None:
    return next((one["release"] for one in state.history if one["revision"] == revision), None)


def _asked_for(wish: str, options: Sequence[dict[str, Any]], target: str) -> Choice:
    for key in ("release", "version", "revision"):
        for one in options:
            if str(one[key]) == wish:
                return Choice("finished", "", one["version"], one["revision"], f"asked for: {wish}")
    raise Refused(
        f"rollback_to is '{wish}', and there is no such version, revision or release to go back to; "
        f"candidates: {told(options)}.",
        remedy=command(options, target),
    )


def candidates(state: State | None, revisions: Sequence[Revision]) -> list[dict[str, Any]]:
    """Good revisions before the current one, newest first: ``{"revision", "version", "release"}``."""
    known: dict[int, dict[str, Any]] = {}
    history = state.history if state else []
    for one in history:
        known.setdefault(one["revision"], one)
    for one in history:  # what a release found here, unless it was made by another one of these
        known.setdefault(one.get("from_revision", 0), {"version": one.get("from", ""), "release": ""})
    return [
        {
            "revision": one.revision, "version": known.get(one.revision, {}).get("version") or one.app_version,
            "release": known.get(one.revision, {}).get("release", ""),
        }
        for one in good(revisions)
    ]


def told(options: Sequence[dict[str, Any]]) -> str:
    """``1.4.0 (revision 2), 1.0.0 (revision 1)``"""
    return ", ".join(f"{one['version'] or 'unknown'} (revision {one['revision']})" for one in options[:5]) or "none"


def command(options: Sequence[dict[str, Any]], target: str = "") -> str:
    """The exact command for the first of ``options``, for ``target`` alone: others count their revisions otherwise."""
    if not options:
        return ""
    limit = f" --limit {shlex.quote(target)}" if target else ""
    return f"To go back: ansible-playbook playbooks/rollback.yml{limit} -e rollback_to={options[0]['revision']}"


def span(seconds: float) -> str:
    """``3 d 4 h``, ``2 h 5 min``, ``42 s``"""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def hint(state: State | None, revisions: Sequence[Revision], target: str = "") -> str:
    """What could be gone back to, with the command."""
    options = candidates(state, revisions)
    return f"candidates: {told(options)}. {command(options, target)}".strip()
