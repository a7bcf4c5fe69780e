# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of a release: how the pods of each are told apart in queries, and how many of them are ready."""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils import rollout
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube

STABLE, CANARY = "stable", "canary"
HASH = "pod-template-hash"
# Letters that Kubernetes makes hashes of: no vowel and nothing that is read wrong. So "canary" is none.
_ANY_HASH = "[bcdfghjklmnpqrstvwxz2456789]+"


def workload_of(side: str, workload: str) -> str:
    """Name of the Deployment of a side."""
    return workload if side == STABLE else f"{workload}-canary"


def facts(kube: Kube, workload: str, side: str, version: str, revision: int) -> dict[str, str]:
    """What the placeholders of a query stand for: ``{pod_regex}`` matches the pods of the newest ReplicaSet only.

    It has no backslash, which query languages would read as an escape inside of quotes.
    """
    name = workload_of(side, workload)
    found = kube.get("Deployment", name, "apps/v1")
    newest = rollout.newest_pods(kube, found)[0] if found else {}
    digest = ((newest.get("metadata") or {}).get("labels") or {}).get(HASH) or _ANY_HASH
    return {
        "side": side, "namespace": kube.access.namespace, "workload": name, "version": version,
        "revision": str(revision), "pod_regex": f"{name.replace('.', '[.]')}-{digest}-[a-z0-9]+",
    }


def ready(kube: Kube, workload: str, side: str) -> int:
    """How many pods of a side are available; 0 when it does not exist."""
    found = kube.get("Deployment", workload_of(side, workload), "apps/v1")
    return int((found or {}).get("status", {}).get("availableReplicas") or 0)
