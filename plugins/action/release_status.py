# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what stands on a target, and changes nothing."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils import rollout
from ansible_collections.releng.runbooks.plugins.module_utils.journal import scrub
from ansible_collections.releng.runbooks.plugins.module_utils.release import status
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor


class ActionModule(ReleaseDoor):
    OPEN = False
    OPTIONS: ClassVar[dict[str, Any]] = {
        "quiet": {"type": "bool", "default": False},
        "log_lines": {"type": "int", "default": 0},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        found = status.read(session)
        if not params["quiet"]:
            for line in status.lines(found, session.kube.server_time()):
                hands.call.say(line)
            for line in self._logs(hands, params["log_lines"]):
                hands.call.say(line)
        told = dataclasses.asdict(found)
        return {"changed": False, **told, "candidates": told["candidates"][:5]}

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        return self.act(params, hands)

    @staticmethod
    def _logs(hands: Hands, count: int) -> list[str]:
        """The last lines of each pod, without what looks like a secret."""
        kube, told = hands.session.kube, []
        workload = kube.get("Deployment", hands.session.target.workload, "apps/v1") if count else None
        for pod in rollout.newest_pods(kube, workload)[1] if workload else []:
            name = pod["metadata"]["name"]
            for container in pod["spec"]["containers"]:
                text = kube.logs(name, container["name"], tail=count)
                told += [f"{name} {container['name']}: {scrub(line[:200])}" for line in text.splitlines()]
        return told
