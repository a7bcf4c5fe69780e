# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All traffic to the safe side of the phase that the release is in."""

from __future__ import annotations

from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.release import moving, phases
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    WOULD = "move all traffic to the safe side"

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        state = session.open
        if state.direction != "back":
            state = session.save(direction="back")
        if "traffic" not in phases.way_back(state.phase, state.strategy) or not state.route.get("resting"):
            return {"changed": False, "msg": f"no traffic was moved in phase {state.phase}"}
        before = session.retry(session.traffic().read).weights
        with session.undo("traffic to the safe side", {"weights": before}, {}) as told:
            side = moving.to_safe_side(session, session.traffic(), state.phase)
            told["weights"] = moving.of_side(side)
        session.save(weights=moving.of_side(side))
        return {"changed": before != moving.of_side(side), "side": side, "weights": moving.of_side(side)}
