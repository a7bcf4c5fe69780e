# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new version in the chart's own place: promoted behind a judged canary, or rolled out under watch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.release import moving, pins
from ansible_collections.releng.runbooks.plugins.module_utils.release.judging import Judging, Step
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import Versions
from ansible_collections.releng.runbooks.plugins.module_utils.release.waiting import Waiting
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import METRICS, Hands, ReleaseDoor, collector

MODES = {"promote": "promoting", "rolling": "rolling"}


class ActionModule(ReleaseDoor):
    WOULD = "upgrade the Helm release to {version}"
    OPTIONS: ClassVar[dict[str, Any]] = {
        "mode": {"type": "str", "choices": sorted(MODES), "required": True},
        "version": {"type": "str", "required": True},
        "timeout": {"type": "float", "default": 300.0},
        "gates": {"type": "list", "elements": "dict", "default": []},
        "metrics": METRICS,
        "interval": {"type": "float", "default": 5.0},
        "duration": {"type": "float", "default": 0.0},
        "patience": {"type": "float", "default": 300.0},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session, phase = hands.session, MODES[params["mode"]]
        judge = self._judge(params, hands, phase)
        waiting = Waiting(session, hands.asked, hands.say)
        versions = Versions(session, params["version"])
        # From now on the canary is the safe side, so the patch that leads there changes with the phase.
        leads = moving.way_back(session, session.traffic(), phase) if session.open.route else []
        session.save(phase=phase, way_back=leads)
        before = {"revision": session.open.before.revision, "version": session.open.before.version}
        with session.change("helm_release", "helm upgrade", before, {"version": params["version"]}) as told:
            child = session.helm.upgrade(session.target.chart, versions.values, math.ceil(params["timeout"]))
            waiting.helm(child, params["timeout"])
            session.retry(lambda: pins.apply(session.kube, session.open.pinned))
            progress = waiting.rolled_out(session.target.workload, params["timeout"])
            after = session.open.after
            after.revision = session.retry(session.helm.history)[-1].revision
            after.manifest = f"sh.helm.release.v1.{session.target.release}.v{after.revision}"
            told.update(revision=after.revision, pods=progress.available)
        session.save(after=after)
        return {"changed": True, "revision": after.revision, "pods": progress.available, "reason": judge()}

    @staticmethod
    def _judge(params: dict[str, Any], hands: Hands, phase: str) -> Callable[[], str]:
        """What is to be done after the upgrade, made before it: what is wrong with it is found in time."""
        gates = [gate for gate in params["gates"] if phase in gate.phases]
        if not gates or not params["duration"]:
            return lambda: ""
        judging = Judging(hands.session, collector(params["metrics"], hands), hands.asked, hands.say)
        step = Step(
            stage="helm_release", phase=phase, judged="stable", gates=tuple(gates), interval=params["interval"],
            duration=params["duration"], patience=params["patience"],
        )
        return lambda: judging.run(step).text
