# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the lock of a target, chooses under it what to go back to, and opens the way back."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.release import choice, opening
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import RECORD, Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    OPEN = False
    WOULD = "take the lock and open the way back"
    OPTIONS: ClassVar[dict[str, Any]] = {
        **RECORD,
        "procedure": {"type": "str", "default": "rollback"},
        "to": {"type": "str", "default": ""},
        "release": {"type": "str", "default": ""},
        "max_age": {"type": "float", "required": True},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        session.load()
        if opening.is_open(session):
            return {"changed": False, "release": session.run}
        with opening.locked(session):
            chosen = choice.choose(
                session.state, session.retry(session.helm.history), params["to"], params["release"], params["max_age"],
                session.retry(session.kube.server_time), hands.call.target,
            )
            if chosen.kind == "none":
                raise Refused(f"There is nothing to take back on {hands.call.target} any more: {chosen.reason}.")
            state = opening.begin_rollback(session, chosen)
        opening.record(session, params)
        session.note("snapshot", "snapshot", {
            "service": session.target.service, "from": state.before.version if chosen.kind == "finished"
            else state.after.version, "to": chosen.version, "phase": state.phase, "reason": chosen.reason,
        })  # fmt: skip
        return {"changed": True, "release": session.run, "token": state.token, "reason": chosen.reason}
