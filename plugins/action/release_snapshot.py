# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers what runs now, and what brings it back, in the release state."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.release import pins
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import Versions
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    WOULD = "remember what runs now"
    OPTIONS: ClassVar[dict[str, Any]] = {"version": {"type": "str", "required": True}}

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        versions = Versions(session, params["version"])
        changes: dict[str, Any] = {"before": versions.before, "after": versions.after}
        if versions.changes and session.target.strategy == "canary":
            made = versions.canary
            session.open.route = {"name": session.target.route, "stable": made.stable_service, "canary": made.service,
                                  "port": made.port}
            resting = session.traffic().read()
            changes["route"] = {**session.open.route, "resting": resting.backends}
            changes["pinned"] = pins.plan(session.kube, session.target.workload, versions.replicas)
        session.save(**changes)
        session.note("snapshot", "snapshot", {
            "service": session.target.service, "from": versions.before.version, "to": versions.after.version,
            "revision": versions.before.revision, "digest": versions.before.digest,
        })  # fmt: skip
        return {
            "changed": False, "changes": versions.changes, "from": versions.before.version,
            "to": versions.after.version, "revision": versions.before.revision,
        }

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        return {"changed": False, "changes": True}
