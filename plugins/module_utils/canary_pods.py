# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pod template points at: config maps, secrets, claims, accounts and images, and copies of what differs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.canary_labels import SUFFIX, of_kind

Objects = Sequence[dict[str, Any]]

# What makes two config maps or secrets different for a pod.
_CONTENT = ("data", "binaryData", "stringData", "type")
_SHARED = frozenset({"ReadWriteMany", "ReadOnlyMany"})


def containers(pod_spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Init containers first."""
    return [*(pod_spec.get("initContainers") or []), *(pod_spec.get("containers") or [])]


def references(pod_spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(kind, place, key): ``place[key]`` is the name of a config map or secret that containers read."""
    for container in containers(pod_spec):
        for source in container.get("envFrom") or []:
            yield from _named(source, "configMapRef", "secretRef")
        for variable in container.get("env") or []:
            yield from _named(variable.get("valueFrom") or {}, "configMapKeyRef", "secretKeyRef")
    for volume in pod_spec.get("volumes") or []:
        yield from _named(volume, "configMap")
        if (volume.get("secret") or {}).get("secretName"):
            yield "Secret", volume["secret"], "secretName"
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _named(source, "configMap", "secret")


def _named(holder: dict[str, Any], *keys: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    for key in keys:
        if (holder.get(key) or {}).get("name"):
            yield ("ConfigMap" if key.startswith("configMap") else "Secret"), holder[key], "name"


def content(doc: dict[str, Any]) -> dict[str, Any]:
    """What a pod can see of a config map or secret."""
    return {key: doc[key] for key in _CONTENT if doc.get(key)}


def find(docs: Objects, kind: str, name: str) -> dict[str, Any] | None:
    return next((doc for doc in of_kind(docs, kind) if doc["metadata"]["name"] == name), None)


def copies(pod_spec: dict[str, Any], stable_docs: Objects, new_docs: Objects) -> list[dict[str, Any]]:
    """Config maps and secrets that the new version brings or changes, as ``<name>-canary``; ``pod_spec`` names these.

    What is the same in both, or comes from elsewhere, is shared.
    """
    made: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, place, key in references(pod_spec):
        name = place[key]
        new, old = find(new_docs, kind, name), find(stable_docs, kind, name)
        if new is None or (old is not None and content(new) == content(old)):
            continue
        if (kind, name) not in made:
            made[kind, name] = copy.deepcopy(new)
            made[kind, name]["metadata"]["name"] = f"{name}{SUFFIX}"
        place[key] = f"{name}{SUFFIX}"
    return list(made.values())


def problems(workload: dict[str, Any], stable_docs: Objects, known: Objects) -> list[str]:
    """Why these pods cannot run beside those of the stable version.

    :param known: all that is known of the namespace, for the access modes of claims
    """
    name, spec = workload["metadata"]["name"], workload["spec"]
    pod_spec = spec["template"]["spec"]
    found = []
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        found.append(
            f"Deployment {name} has strategy Recreate, which says that two of its versions must not run at once."
        )
    for volume in pod_spec.get("volumes") or []:
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            doc = find(known, "PersistentVolumeClaim", claim)
            modes = (doc or {"spec": {}})["spec"].get("accessModes") or []
            if not _SHARED & set(modes):
                found.append(
                    f"Volume {volume['name']} uses the claim {claim} ({', '.join(modes) or 'access modes not known'}), "
                    "which pods of both versions cannot be sure to share."
                )
    account = pod_spec.get("serviceAccountName")
    if account and find(known, "ServiceAccount", account) and not find(stable_docs, "ServiceAccount", account):
        found.append(f"ServiceAccount {account} comes with the new version only, so no pod can run under it yet.")
    return found


def doubts(workload: dict[str, Any], stable_docs: Objects, new_docs: Objects) -> list[str]:
    """What the canary does without, or may lack, until stable is upgraded."""
    pod_spec = workload["spec"]["template"]["spec"]
    found = [
        f"Container {container['name']} takes port {port['hostPort']} of its node: the canary needs other nodes."
        for container in containers(pod_spec)
        for port in container.get("ports") or []
        if port.get("hostPort")
    ]
    rights = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    for doc in of_kind(new_docs, *rights):
        kind, name = doc["kind"], doc["metadata"]["name"]
        old = find(stable_docs, kind, name) or {}
        if any(doc.get(key) != old.get(key) for key in ("rules", "subjects", "roleRef")):
            found.append(f"{kind} {name} differs in the new version: the canary runs with the rights of the old one.")
    return found
