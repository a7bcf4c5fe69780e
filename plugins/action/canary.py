# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the new version beside the old one, and takes it away again."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Denied, NotFound, Refused
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGER, OWNER_LABEL
from ansible_collections.releng.runbooks.plugins.module_utils.release import moving, pins
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import HELM_LABEL, Versions
from ansible_collections.releng.runbooks.plugins.module_utils.release.waiting import Waiting
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor
from ansible_collections.releng.runbooks.plugins.plugin_utils.shown import shown

STAGE = "helm_release"
# Whatever a canary may be made of.
KINDS = (
    ("Deployment", "apps/v1"), ("Service", "v1"), ("ConfigMap", "v1"), ("Secret", "v1"),
    ("NetworkPolicy", "networking.k8s.io/v1"), ("ServiceMonitor", "monitoring.coreos.com/v1"),
    ("PodMonitor", "monitoring.coreos.com/v1"),
)  # fmt: skip


class ActionModule(ReleaseDoor):
    OPTIONS: ClassVar[dict[str, Any]] = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "version": {"type": "str", "default": ""},
        "timeout": {"type": "float", "default": 300.0},
        "drain": {"type": "float", "default": 0.0},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        if hands.session.open.strategy != "canary":
            return {"changed": False, "msg": "this release has no canary"}
        return self._present(params, hands) if params["state"] == "present" else self._absent(params, hands)

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        if params["state"] == "absent":
            return {"changed": True, "msg": "would remove the canary"}
        made = Versions(hands.session, params["version"]).canary
        names = [f"{one['kind']} {one['metadata']['name']}" for one in made.objects]
        result: dict[str, Any] = {"changed": True, "msg": f"would create {', '.join(names)}"}
        if hands.call.diff:
            result["diff"] = {"before": "", "after": shown(made.objects), "after_header": "the canary"}
        return result

    def _present(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session, waiting = hands.session, Waiting(hands.session, hands.asked, hands.say)
        made = Versions(session, params["version"]).canary
        if made.problems:
            raise Refused(made.problems[0], remedy="Set helm_release_strategy: rolling for this target.")
        session.save(phase="beside")
        names = [f"{one['kind']}/{one['metadata']['name']}" for one in made.objects]
        with session.change(STAGE, "put the canary beside stable", {}, {"objects": names}):
            session.retry(lambda: pins.apply(session.kube, session.open.pinned))
            for one in made.objects:
                session.retry(lambda one=one: session.kube.apply(one))  # type: ignore[misc]
            progress = waiting.rolled_out(f"{session.target.workload}-canary", params["timeout"])
        return {"changed": True, "pods": progress.available, "objects": names}

    def _absent(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        """Traffic at rest first; then what carries our label; then stable gets its own limits back."""
        session = hands.session
        # Nobody was ever sent to a canary that was only put beside stable.
        if params["drain"] > 0 and session.open.phase != "beside":
            session.clock.sleep(params["drain"])
        stage = "rollback" if session.open.direction == "back" else STAGE
        with session.undo("remove the canary", {}, {"removed": True}, stage) as told:
            if session.open.route.get("resting"):
                moving.to_rest(session, session.traffic())
            told["removed"] = session.retry(lambda: _remove(hands))
            told["restored"] = session.retry(lambda: pins.restore(session.kube, session.open.pinned))
        session.save(weights=moving.weights(0), pinned=[])
        return {"changed": bool(told["removed"]), "removed": told["removed"]}


def _remove(hands: Hands) -> list[str]:
    """All that carries the label of this Helm release, which only objects of its canary do."""
    kube, removed = hands.session.kube, []
    selector = f"{OWNER_LABEL}={MANAGER},{HELM_LABEL}={hands.session.target.release}"
    for kind, api_version in KINDS:
        try:
            found = kube.list(kind, api_version, selector=selector)
        except (NotFound, Denied):
            continue  # a kind that this cluster does not have, or that we may not make
        for one in found:
            if kube.delete(kind, one["metadata"]["name"], api_version, uid=one["metadata"]["uid"]):
                removed.append(f"{kind}/{one['metadata']['name']}")
    return removed
