# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One share of traffic: shift, watch its gates, and back to the safe side when they do not pass."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.release import phases
from ansible_collections.releng.runbooks.plugins.module_utils.release.judging import Step
from ansible_collections.releng.runbooks.plugins.module_utils.release.step import Guarded
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import METRICS, Hands, ReleaseDoor, collector

PHASES = ("shifting", "baking", "returning")


class ActionModule(ReleaseDoor):
    WOULD = "give {share} % of the traffic to the canary and watch it"
    OPTIONS: ClassVar[dict[str, Any]] = {
        "share": {"type": "int", "required": True},
        "phase": {"type": "str", "choices": list(PHASES), "required": True},
        "stage": {"type": "str", "default": "canary_shift"},
        "gates": {"type": "list", "elements": "dict", "default": []},
        "metrics": METRICS,
        "interval": {"type": "float", "default": 5.0},
        "duration": {"type": "float", "default": 60.0},
        "patience": {"type": "float", "default": 300.0},
        "requests": {"type": "str", "default": ""},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        if session.open.strategy != "canary" or not session.open.route:
            return {"changed": False, "msg": "this release shifts no traffic"}
        phase = params["phase"]
        if phase == "returning" and not self._returns(hands, params["share"]):
            return {"changed": False, "msg": "stable has this much of the traffic already"}
        if phase != "returning" and session.open.direction == "back":
            raise Refused(f"This release is on its way back ({session.open.reason}): the canary gets no further share.")
        step = Step(
            stage=params["stage"], share=params["share"], phase=phase,
            judged="stable" if phase == "returning" else "canary",
            gates=tuple(gate for gate in params["gates"] if phase in gate.phases), interval=params["interval"],
            duration=params["duration"], patience=params["patience"], requests=params["requests"],
        )
        guarded = Guarded(session, collector(params["metrics"], hands), hands.asked, hands.say)
        reading = guarded.run(step)
        return {
            "changed": True, "share": step.share, "measured": guarded.measured,
            "verdict": reading.verdict.value, "reason": reading.text,
        }

    @staticmethod
    def _returns(hands: Hands, share: int) -> bool:
        """Whether the canary has more than ``share``: on the way home it is never given more than it has."""
        session = hands.session
        if "return" not in phases.way_back(session.open.phase, session.open.strategy):
            return False
        weights = session.retry(session.traffic().read).weights
        return bool(weights["canary"] > share)
