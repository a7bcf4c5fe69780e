# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the release of a target: how it ended into state and journal, the lock back, the report written."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils import report
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal import RESULTS
from ansible_collections.releng.runbooks.plugins.module_utils.release import by_hand, opening
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import RECORD, Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    OPEN = False
    WOULD = "record how it ended"
    OPTIONS: ClassVar[dict[str, Any]] = {
        **RECORD,
        "result": {"type": "str", "choices": list(RESULTS), "required": True},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session, result = hands.session, params["result"]
        reason = params["reason"].removeprefix(f"{result.replace('_', ' ')}: ")
        state = session.load()
        mine = state is not None and state.release == session.run and not state.result
        told: dict[str, Any] = {"target": hands.call.target, "result": result, "reason": reason[:300]}
        if mine and state is not None:
            session.lock.take(at_least=state.token)
            if result == "stuck":
                session.note("record", "by_hand", {"commands": by_hand.commands(session.target, state)})
            self._finish(hands, state, result, reason)
            session.lock.give_back()
        if result not in ("released", "unchanged"):
            told["next"] = by_hand.next_command(hands.call.target, result, params["inventory"])
        try:
            opening.record(session, params)
            session.journal.end(session.run, hands.call.target, result, reason)
            paths = report.write(report.build(session.journal, session.run), session.target.reports)
        except RunbookError as error:
            return {"changed": mine, "releng": told, "warnings": [f"No report: {error}"]}
        return {"changed": mine, "releng": told, "report": str(paths[1])}

    @staticmethod
    def _finish(hands: Hands, state: Any, result: str, reason: str) -> None:
        """A release that changed nothing leaves no trace in the history that rollbacks choose from."""
        session = hands.session
        now = session.retry(session.kube.server_time).isoformat()
        if result in states.RESULTS:
            session.state = states.finish(state, result, reason, now)
        else:
            session.state = states.ended_without_change(state, reason, now)
        session.save()

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        return {"changed": False, "msg": "would record how it ended"}
