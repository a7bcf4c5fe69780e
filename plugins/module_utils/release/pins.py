# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pins: stable keeps its full size while traffic is elsewhere, and gets its own limits back in the end.

An autoscaler sees a side without traffic as idle and takes its pods away, which would make the way back slow or
impossible. So its minimum is raised to the size at the beginning, and what it was is kept in the release state.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube

KIND, API_VERSION = "HorizontalPodAutoscaler", "autoscaling/v2"


def autoscaler(kube: Kube, workload: str) -> dict[str, Any] | None:
    """The autoscaler of the Deployment ``workload``, if it has one."""
    for found in kube.list(KIND, API_VERSION):
        aim = found["spec"]["scaleTargetRef"]
        if (aim.get("kind"), aim.get("name")) == ("Deployment", workload):
            return found
    return None


def size(kube: Kube, workload: str) -> int:
    """How many pods the Deployment wants now."""
    found = kube.get("Deployment", workload, "apps/v1") or {"spec": {}}
    return int(found["spec"].get("replicas", 1))


def plan(kube: Kube, workload: str, replicas: int) -> list[dict[str, Any]]:
    """``[{kind, name, api_version, patch, pin}]``: ``pin`` keeps ``replicas`` pods, ``patch`` restores what was."""
    found = autoscaler(kube, workload)
    if found is None:
        return []
    minimum = int(found["spec"].get("minReplicas") or 1)
    if minimum >= replicas:
        return []
    name = found["metadata"]["name"]
    return [{
        "kind": KIND, "name": name, "api_version": API_VERSION, "patch": {"spec": {"minReplicas": minimum}},
        "pin": {"spec": {"minReplicas": replicas}},
    }]  # fmt: skip


def apply(kube: Kube, pinned: list[dict[str, Any]]) -> None:
    """Pin; safe to repeat, and repeated after an upgrade, which writes the chart's own numbers back.

    An autoscaler that the new version does not have any more takes no pods away.
    """
    for one in pinned:
        with contextlib.suppress(NotFound):
            kube.merge_patch(one["kind"], one["name"], one["pin"], one["api_version"])


def restore(kube: Kube, pinned: list[dict[str, Any]]) -> bool:
    """Give back what was; whether anything was changed. What the chart does not make any more is left alone."""
    changed = False
    for one in pinned:
        found = kube.get(one["kind"], one["name"], one["api_version"])
        if found and found["spec"].get("minReplicas") == one["pin"]["spec"]["minReplicas"]:
            kube.merge_patch(one["kind"], one["name"], one["patch"], one["api_version"])
            changed = True
    return changed
