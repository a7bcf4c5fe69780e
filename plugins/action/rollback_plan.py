# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses what a rollback goes back to on a target, or says what could be chosen."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.release import choice
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    OPEN = False
    OPTIONS: ClassVar[dict[str, Any]] = {
        "to": {"type": "str", "default": ""},
        "release": {"type": "str", "default": ""},
        "max_age": {"type": "float", "required": True},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        state = session.load()
        revisions = session.helm.history()
        chosen = choice.choose(
            state, revisions, params["to"], params["release"], params["max_age"], session.kube.server_time(),
            hands.call.target,
        )
        if chosen.kind == "none":
            hint = choice.hint(state, revisions, hands.call.target)
            told = f"nothing to take back here: {chosen.reason}; {hint}"
        else:
            told = f"going back to {chosen.version or 'what ran before'}: {chosen.reason}"
        hands.call.say(told)
        return {"changed": False, **dataclasses.asdict(chosen), "group": chosen.group, "told": told}

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        return self.act(params, hands)
