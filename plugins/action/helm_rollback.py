# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stable back to the revision before the release; our own choice, never the last one that merely was there."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Revision
from ansible_collections.releng.runbooks.plugins.module_utils.release import phases, pins
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.waiting import Waiting
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    WOULD = "take the Helm release back to the revision before"
    OPTIONS: ClassVar[dict[str, Any]] = {"timeout": {"type": "float", "default": 300.0}}

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session, state = hands.session, hands.session.open
        if "helm_rollback" not in phases.way_back(state.phase, state.strategy):
            return {"changed": False, "msg": f"stable was not touched in phase {state.phase}"}
        undoing = state.phase == "undoing"
        revisions = session.retry(session.helm.history)
        wanted = (state.after if undoing else state.before).revision or _last_good(session, revisions)
        current = revisions[-1]
        waiting = Waiting(session, hands.asked, hands.say)
        if current.status == "deployed" and current.revision == wanted:
            progress = waiting.rolled_out(session.target.workload, params["timeout"])
            return {"changed": False, "revision": wanted, "pods": progress.available}
        with session.undo("helm rollback", {"revision": current.revision}, {"revision": wanted}) as told:
            waiting.helm(session.helm.rollback(wanted, math.ceil(params["timeout"])), params["timeout"])
            session.retry(lambda: pins.apply(session.kube, state.pinned))
            progress = waiting.rolled_out(session.target.workload, params["timeout"])
            told["revision"] = session.retry(session.helm.history)[-1].revision
        if undoing:
            state.after.revision = told["revision"]
            session.save()
        return {"changed": True, "revision": told["revision"], "from": wanted, "pods": progress.available}


def _last_good(session: Session, revisions: list[Revision]) -> int:
    good = session.helm.last_good(revisions)
    if good is None:
        raise RunbookError(f"{session.target.release} has no good revision to go back to.")
    return good.revision
