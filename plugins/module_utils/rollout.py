# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rollout is and why, by kubectl's own order: generation seen, all updated, old ones gone, available.

One look, no waiting: deadlines belong to the caller. Only pods of the newest revision are ever blamed, found by the
uid of their owner, since labels alone match pods of other revisions and of other applications too.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils import causes
from ansible_collections.releng.runbooks.plugins.module_utils.causes import Cause
from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound, Refused, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import scrub
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube

__all__ = ["Cause", "Progress", "newest_pods", "observe", "selector_text"]

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
REVISION = "deployment.kubernetes.io/revision"
REVISION_HASH = "controller-revision-hash"

_ASKED = 3  # pods whose events are read in one look; the others of a revision mostly say the same
_LOG_LINES = 20

Objects = list[dict[str, Any]]


@dataclasses.dataclass
class Progress:
    """One look. ``updated``: pods of the newest revision. ``available``: of any. ``desired``: as the workload wants."""

    ready: bool
    updated: int
    available: int
    desired: int
    cause: Cause


def observe(
    kube: Kube, deployment_name: str, api_version: str = "apps/v1", kind: str = "Deployment",
    crashes_terminal: int = 3,
) -> Progress:
    """Look once at a Deployment, StatefulSet or DaemonSet: one request when it is ready, up to seven when it is not.

    :param crashes_terminal: crashes of one container with the same exit code that count as "always crashes"
    :raises NotFound: there is no such workload
    :raises Refused: no rollout can be watched of this kind
    """
    if kind not in KINDS:
        raise Refused(f"A rollout of kind '{kind}' cannot be watched; allowed are {', '.join(KINDS)}.")
    workload = kube.get(kind, deployment_name, api_version)
    if workload is None:
        raise NotFound(f"{kind} {kube.access.namespace}/{deployment_name} does not exist.")
    return progress(kube, workload, crashes_terminal)


def progress(kube: Kube, workload: dict[str, Any], crashes_terminal: int = 3) -> Progress:
    """How far ``workload`` is, which was read just now: no request when it is ready, up to six when it is not."""
    name = workload["metadata"]["name"]
    updated, available, desired, waits = position(workload)
    if not waits:
        text = f"{name} is rolled out, {available} of {desired} pods available"
        return Progress(True, updated, available, desired, Cause(causes.READY, "Ready", text))
    cause = Cause(causes.PROGRESS, "Rolling", f"{name}: {waits}")
    if _seen(workload):
        cause = _why(kube, workload, desired, crashes_terminal) or cause
        cause = _past_deadline(workload, cause)
        if cause.kind != causes.WAITING and cause.container:
            cause = with_log(kube, cause)
    return Progress(False, updated, available, desired, cause)


def position(workload: dict[str, Any]) -> tuple[int, int, int, str]:
    """Pods updated, available, desired, and what is being waited for; ``""`` when the rollout is complete."""
    spec, status = workload["spec"], workload.get("status") or {}
    if workload["kind"] == "DaemonSet":
        desired = wanted = status.get("desiredNumberScheduled", 0)
        updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
        total = status.get("currentNumberScheduled", 0)
    else:
        desired = spec.get("replicas", 1)
        updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
        total = status.get("replicas", 0)
        rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
        wanted = max(desired - rolling.get("partition", 0), 0)
    waits = ""
    if not _seen(workload):
        waits = "its controller has not seen the change yet"
    elif updated < wanted:
        waits = f"{updated} of {wanted} pods updated"
    elif workload["kind"] == "Deployment" and total > updated:
        waits = f"{total - updated} old pods are being ended"
    elif available < desired:
        waits = f"{available} of {desired} pods available"
    return updated, available, desired, waits


def newest_pods(kube: Kube, workload: dict[str, Any]) -> tuple[dict[str, Any], Objects]:
    """The object that creates pods of the newest revision (its ReplicaSet, or the workload itself), and those pods."""
    selector = selector_text(workload["spec"]["selector"])
    pods = kube.list("Pod", selector=selector)
    if workload["kind"] == "Deployment":
        sets = _owned(kube.list("ReplicaSet", "apps/v1", selector=selector), workload)
        newest = max(sets, key=_revision, default=None)
        return newest or workload, _owned(pods, newest) if newest else []
    current = (workload.get("status") or {}).get("updateRevision", "")
    if workload["kind"] == "DaemonSet":
        revisions = _owned(kube.list("ControllerRevision", "apps/v1", selector=selector), workload)
        latest = max(revisions, key=lambda one: int(one["revision"]), default=None)
        current = latest["metadata"]["labels"].get(REVISION_HASH, "") if latest else ""
    return workload, [
        pod for pod in _owned(pods, workload) if (pod["metadata"].get("labels") or {}).get(REVISION_HASH) == current
    ]


def selector_text(selector: dict[str, Any]) -> str:
    """A label selector of an object, in the form that a request wants."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], ",".join(expression.get("values") or [])
        parts.append({
            "In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key, "DoesNotExist": f"!{key}",
        }[expression["operator"]])
    return ",".join(parts)


def _why(kube: Kube, workload: dict[str, Any], desired: int, crashes_terminal: int) -> Cause | None:
    if workload["spec"].get("paused"):
        name = workload["metadata"]["name"]
        return Cause(causes.TERMINAL, "Paused", f"{name} is paused: nothing is rolled out until it is resumed")
    owner, pods = newest_pods(kube, workload)
    creation = _creation_failures(kube, owner) if len(pods) < desired else []
    unready = [pod for pod in pods if not _is_ready(pod)][:_ASKED]
    events = [event for pod in unready for event in _events(kube, pod)]
    return causes.classify(pods, events, creation, crashes_terminal)


def _past_deadline(workload: dict[str, Any], cause: Cause) -> Cause:
    """A Deployment whose controller has given up is terminal, whatever the pods wait for."""
    conditions = (workload.get("status") or {}).get("conditions") or []
    if cause.kind == causes.TERMINAL or not any(one.get("reason") == "ProgressDeadlineExceeded" for one in conditions):
        return cause
    reason = {"NotReady": "NeverReady", "Rolling": "ProgressDeadlineExceeded"}.get(cause.reason, cause.reason)
    seconds = workload["spec"].get("progressDeadlineSeconds", 600)
    text = f"no progress for {seconds} s: {cause.text}"
    return dataclasses.replace(cause, kind=causes.TERMINAL, reason=reason, text=text)


def with_log(kube: Kube, cause: Cause) -> Cause:
    """The last line that a crashed container wrote, and what it looks like; without a log the cause stays as it is."""
    if cause.reason not in ("CrashLoop", "OOMKilled"):
        return cause
    lines: list[str] = []
    for previous in (False, True):
        try:
            lines = kube.logs(cause.pod, cause.container, tail=_LOG_LINES, previous=previous).split("\n")
        except RunbookError:
            lines = []
        lines = [line.strip() for line in lines if line.strip()]
        if lines:
            break
    text = f"{cause.text}, last line: {scrub(lines[-1][:200])}" if lines else cause.text
    looks_like = causes.hint(lines, cause.reason)
    return dataclasses.replace(cause, text=f"{text} (looks like: {looks_like})" if looks_like else text)


def _creation_failures(kube: Kube, owner: dict[str, Any]) -> list[str]:
    """What the controller was last told; a ReplicaSet drops its condition as soon as it succeeds."""
    conditions = (owner.get("status") or {}).get("conditions") or []
    said = [one.get("message", "") for one in conditions if one["type"] == "ReplicaFailure" and one["status"] == "True"]
    if said or owner["kind"] == "ReplicaSet":
        return said
    failed = [event for event in _events(kube, owner) if event.get("reason") == "FailedCreate"]
    return [event.get("message", "") for event in sorted(failed, key=causes.when, reverse=True)]


def _events(kube: Kube, obj: dict[str, Any]) -> Objects:
    return kube.list("Event", fields=f"involvedObject.uid={obj['metadata']['uid']}")


def _seen(workload: dict[str, Any]) -> bool:
    generation = workload["metadata"].get("generation", 0)
    return bool((workload.get("status") or {}).get("observedGeneration", 0) >= generation)


def _owned(objects: Objects, owner: dict[str, Any]) -> Objects:
    uid = owner["metadata"]["uid"]
    return [
        obj for obj in objects if any(one["uid"] == uid for one in obj["metadata"].get("ownerReferences") or [])
    ]


def _revision(replica_set: dict[str, Any]) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
