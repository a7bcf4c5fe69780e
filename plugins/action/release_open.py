# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the lock of a target and opens its release: the first thing that is written, and only our own objects."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.release import opening
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import RECORD, Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    OPEN = False
    WOULD = "take the lock and open a {procedure}"
    OPTIONS: ClassVar[dict[str, Any]] = {**RECORD, "version": {"type": "str", "default": ""}}

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        session.load()
        if opening.is_open(session):
            return {"changed": False, "release": session.run}
        with opening.locked(session):
            state = opening.begin(session, params["procedure"], params["version"])
        opening.record(session, params)
        session.note("snapshot", "opened", {"service": session.target.service, "phase": state.phase})
        return {"changed": True, "release": session.run, "token": state.token}
