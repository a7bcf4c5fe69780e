# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new version beside the old, derived from what the chart makes of both: only what must run, under other labels.

Pure: manifests in, manifests out. How it is derived, and what for, is told in docs/canary.md.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils import canary_labels, canary_mirror, canary_pods
from ansible_collections.releng.runbooks.plugins.module_utils.canary_labels import (
    SUFFIX,
    TRACK,
    TRACK_LABEL,
    Labels,
    Selector,
    matches,
    of_kind,
    pod_selector,
    told,
)

Objects = list[dict[str, Any]]

# As in kube.py, which cannot be imported here: that file is no pure code.
OWNER = {"app.kubernetes.io/managed-by": "releng-runbooks"}
RELEASE_LABEL = "releng.runbooks/release"

MAX_NAME = 63  # of a Service, and of a label with the name of a Deployment
ROLLING = "Use strategy rolling"

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_MONITORS = ("ServiceMonitor", "PodMonitor")
# A selector of these that took the canary's pods would send them traffic, count them or own them.
_TAKING = (*_WORKLOADS, "Service", "PodDisruptionBudget", "ReplicaSet", "ReplicationController")
# Kinds of these groups guard pods: a canary that they overlook would run unguarded.
_GUARDS = ("cilium.io", "security.istio.io", "policy.linkerd.io", "crd.projectcalico.org", "projectcalico.org")

# What a Service is told by the cluster, or tells the world outside: never for two Services at once.
_SERVICE_DROPS = (
    "allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs", "externalTrafficPolicy",
    "healthCheckNodePort", "loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges", "type",
)  # fmt: skip
_ANNOTATION_DROPS = (
    "external-dns.", "service.beta.kubernetes.io/", "cloud.google.com/load-balancer", "networking.gke.io/",
    "meta.helm.sh/", "helm.sh/", "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/",
)  # fmt: skip
# A GitOps controller that finds its mark on an object which it never made takes it away.
_MARKS = ("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")


@dataclasses.dataclass
class Canary:
    """``objects`` in the order in which they are to be made; secrets in them are in clear.

    ``workload``, ``service``: names of the canary's. ``port``: of both Services. ``selector``: labels that all the
    canary's pods have, and no others. ``problems``: why it must not be made, each one sentence. ``matched``: selectors
    that would take its pods by accident (each is a problem, too). ``doubts``: what a person should know.
    """

    objects: Objects
    workload: str
    service: str
    port: int
    stable_service: str
    selector: Labels
    problems: list[str]
    matched: list[str]
    doubts: list[str] = dataclasses.field(default_factory=list)


def derive(
    stable_docs: Objects, new_docs: Objects, live: dict[str, dict[str, Any]], workload: str, release: str,
    replicas: int, service: str = "", hooks: Sequence[str] = (), allow_hooks: bool = False,
) -> Canary:
    """The canary of the Deployment ``workload``.

    :param stable_docs: manifest of what runs
    :param new_docs: manifest of the new version, rendered as the upgrade will be
    :param live: ``{"Service/other": {...}}``, what else there is: its selectors are looked at, too, and its claims
    :param release: id of the release, written on every object
    :param replicas: how many pods it gets, as many as stable has
    :param service: name of its Service, when several take its pods
    :param hooks: the chart's hooks that an upgrade runs, as text
    :param allow_hooks: they may wait until stable is upgraded
    """
    empty = Canary([], f"{workload}{SUFFIX}", "", 0, "", {}, [], [])
    running, coming = _deployments(stable_docs, new_docs, workload, empty.problems)
    if hooks and not allow_hooks:
        empty.problems.append(
            f"The chart has hooks that run at an upgrade: {', '.join(hooks)}. The canary would run before them. "
            f"{ROLLING}, or set helm_release_hooks to with_promotion if the new version runs without them."
        )
    if running is None or coming is None:
        return empty
    stable_service = _service(stable_docs, _pod_labels(running), workload, service, empty.problems)
    if stable_service is None:
        return empty
    canary = _Making(stable_docs, new_docs, list(live.values()), coming, stable_service, release, replicas).canary()
    canary.problems[:0] = empty.problems
    return canary


class _Making:
    """One canary in the making."""

    def __init__(
        self, stable_docs: Objects, new_docs: Objects, live: Objects, coming: dict[str, Any],
        stable_service: dict[str, Any], release: str, replicas: int,
    ) -> None:
        self.stable_docs, self.new_docs = stable_docs, new_docs
        self.known = [*stable_docs, *live, *new_docs]
        self.coming, self.release, self.replicas = coming, release, replicas
        self.stable_service = stable_service
        # Judged by the labels of the new version: its selectors will stand beside the canary, too.
        labels = _pod_labels(coming)
        taking = [selector for doc, selector in self._taking() if matches(selector, labels)]
        self.differ = canary_labels.changes(labels, taking)
        self.labels = {**canary_labels.changed(labels, self.differ), TRACK_LABEL: TRACK}
        self.before = labels
        keys = {*(stable_service["spec"].get("selector") or {}), *(coming["spec"]["selector"].get("matchLabels") or {})}
        self.selector = {key: self.labels[key] for key in sorted(keys & set(self.labels))} | {TRACK_LABEL: TRACK}

    def canary(self) -> Canary:
        deployment, copies = self._deployment()
        service, problems = self._service()
        mirrors = self._mirrors(service)
        objects = [*copies, *of_kind(mirrors, "NetworkPolicy"), deployment, service, *of_kind(mirrors, *_MONITORS)]
        for doc in objects:
            doc["metadata"]["labels"] = {**(doc["metadata"].get("labels") or {}), **OWNER, RELEASE_LABEL: self.release}
            doc.pop("status", None)
            _tidy(doc["metadata"])
        matched = [told(doc, selector) for doc, selector in self._taking() if matches(selector, self.labels)]
        matched = list(dict.fromkeys(matched))
        problems += [
            f"{one} would take the canary's pods, too. {ROLLING}, or make its selector narrower." for one in matched
        ]
        problems += canary_pods.problems(self.coming, self.stable_docs, self.known)
        problems += self._names(objects)
        ceased, doubts = self._ceased()
        doubts += canary_pods.doubts(self.coming, self.stable_docs, self.new_docs)
        port = _port(self.stable_service)
        return Canary(
            objects, deployment["metadata"]["name"], service["metadata"]["name"], port,
            self.stable_service["metadata"]["name"], self.selector, problems + ceased, matched, doubts,
        )  # fmt: skip

    def _taking(self) -> Iterator[tuple[dict[str, Any], Selector]]:
        """Objects that must not take the canary's pods, but those of a former canary of ours."""
        for doc in of_kind(self.known, *_TAKING):
            selector = pod_selector(doc)
            labels = doc["metadata"].get("labels") or {}
            if selector is not None and not OWNER.items() <= labels.items():
                yield doc, selector

    def _deployment(self) -> tuple[dict[str, Any], Objects]:
        deployment = copy.deepcopy(self.coming)
        metadata, spec = deployment["metadata"], deployment["spec"]
        metadata["name"] += SUFFIX
        metadata["labels"] = canary_labels.changed(metadata.get("labels") or {}, self.differ)
        spec["replicas"] = self.replicas
        spec["selector"] = {"matchLabels": dict(self.selector)}
        spec.pop("paused", None)
        spec["template"]["metadata"]["labels"] = dict(self.labels)
        pod_spec = spec["template"]["spec"]
        canary_labels.follow(pod_spec, self.before, self.differ)
        return deployment, canary_pods.copies(pod_spec, self.stable_docs, self.new_docs)

    def _service(self) -> tuple[dict[str, Any], list[str]]:
        """As the new version has it; its name and port as stable's, which the route names beside it."""
        name = self.stable_service["metadata"]["name"]
        new = canary_pods.find(self.new_docs, "Service", name)
        service = copy.deepcopy(new or self.stable_service)
        metadata, spec = service["metadata"], service["spec"]
        metadata["name"] += SUFFIX
        metadata["labels"] = {
            **canary_labels.changed(metadata.get("labels") or {}, self.differ), TRACK_LABEL: TRACK,
        }  # fmt: skip
        service["spec"] = {key: value for key, value in spec.items() if key not in _SERVICE_DROPS}
        service["spec"] |= {"type": "ClusterIP", "selector": dict(self.selector)}
        for port in service["spec"]["ports"]:
            port.pop("nodePort", None)
        ports = [port["port"] for port in service["spec"]["ports"]]
        wanted = _port(self.stable_service)
        if wanted not in ports:
            listed = ", ".join(map(str, ports))
            problem = f"Service {name} listens at port {wanted}, and in the new version at {listed}"
            return service, [f"{problem}: one route cannot lead to both. {ROLLING}."]
        return service, []

    def _mirrors(self, service: dict[str, Any]) -> Objects:
        """Of what guards the pods now, and of what the new version brings, which stands last and wins by its name."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for doc in of_kind(self.known, "NetworkPolicy", *_MONITORS):
            if OWNER.items() <= (doc["metadata"].get("labels") or {}).items():
                continue
            if doc["kind"] == "NetworkPolicy":
                mirrored = canary_mirror.policy(
                    doc, self.before, self.labels, {"matchLabels": dict(self.selector)}, self.differ
                )
            elif doc["kind"] == "PodMonitor":
                mirrored = canary_mirror.monitor(doc, self.before, self.labels, self.differ)
            else:
                of_stable = self.stable_service["metadata"].get("labels") or {}
                mirrored = canary_mirror.monitor(doc, of_stable, service["metadata"]["labels"], self.differ)
            if mirrored:
                found[mirrored["kind"], mirrored["metadata"]["name"]] = mirrored
        return list(found.values())

    def _ceased(self) -> tuple[list[str], list[str]]:
        """Selectors of other kinds that take stable and would not take the canary: problems for guards, else doubts."""
        problems, doubts = [], []
        for doc in self.known:
            if doc["kind"] in (*_TAKING, *_MONITORS, "NetworkPolicy", "HorizontalPodAutoscaler", "Job", "CronJob"):
                continue
            group = doc.get("apiVersion", "").partition("/")[0]
            selector = pod_selector(doc)
            text = (doc.get("spec") or {}).get("selector")
            if group in _GUARDS and isinstance(text, str):
                name = f"{doc['kind']} {doc['metadata']['name']}"
                doubts.append(f"Whether {name} ({text}) guards the canary cannot be told.")
            if selector is None or not matches(selector, self.before) or matches(selector, self.labels):
                continue
            line = f"{told(doc, selector)} takes stable's pods and would not take the canary's."
            if group in _GUARDS:
                problems.append(f"{line} {ROLLING}, or select by a label that stays ({', '.join(self._kept())}).")
            else:
                doubts.append(line)
        return list(dict.fromkeys(problems)), list(dict.fromkeys(doubts))

    def _kept(self) -> list[str]:
        return sorted(key for key, value in self.before.items() if self.labels.get(key) == value) or ["a new one"]

    def _names(self, objects: Objects) -> list[str]:
        return [
            f"{doc['kind']} {doc['metadata']['name']} has a name of {len(doc['metadata']['name'])} characters, "
            f"and {MAX_NAME} are allowed. {ROLLING}."
            for doc in of_kind(objects, "Deployment", "Service")
            if len(doc["metadata"]["name"]) > MAX_NAME
        ]


def _deployments(
    stable_docs: Objects, new_docs: Objects, workload: str, problems: list[str]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The Deployment as it runs and as it comes; what is missing or of another kind goes to ``problems``."""
    for doc in of_kind([*new_docs, *stable_docs], "StatefulSet", "DaemonSet"):
        if doc["metadata"]["name"] == workload:
            problems.append(f"{doc['kind']} {workload} cannot stand beside itself. {ROLLING}.")
            return None, None
    running = canary_pods.find(stable_docs, "Deployment", workload)
    coming = canary_pods.find(new_docs, "Deployment", workload)
    if running is None:
        problems.append(f"No Deployment {workload} is in what runs, so there is nothing to stand beside. {ROLLING}.")
    if coming is None:
        names = ", ".join(doc["metadata"]["name"] for doc in of_kind(new_docs, "Deployment")) or "none"
        problems.append(f"The chart makes no Deployment {workload} in the new version; its Deployments: {names}.")
    return running, coming


def _service(
    docs: Objects, labels: Labels, workload: str, wanted: str, problems: list[str]
) -> dict[str, Any] | None:
    """The Service in ``docs`` that takes pods with ``labels``."""
    found = []
    for doc in of_kind(docs, "Service"):
        selector = pod_selector(doc)
        if selector is not None and matches(selector, labels):
            found.append(doc)
    names = [doc["metadata"]["name"] for doc in found]
    chosen = wanted or (names[0] if len(names) == 1 else workload)
    if chosen in names:
        return found[names.index(chosen)]
    pods = f"the pods of {workload}"
    if not names:
        problems.append(f"No Service of the chart takes {pods}, so no traffic can be shared. {ROLLING}.")
    elif wanted:
        problems.append(f"No Service {wanted} takes {pods}; those that do: {', '.join(names)}.")
    else:
        problems.append(f"Several Services take {pods}: {', '.join(names)}; say which one the route names.")
    return None


def _port(service: dict[str, Any]) -> int:
    """The only port, else the one named http, else the first."""
    ports = service["spec"]["ports"]
    return int(next((port["port"] for port in ports if port.get("name") == "http"), ports[0]["port"]))


def _pod_labels(deployment: dict[str, Any]) -> Labels:
    return dict((deployment["spec"]["template"].get("metadata") or {}).get("labels") or {})


def _tidy(metadata: dict[str, Any]) -> None:
    """Drop what the cluster wrote, and what binds to helm, to a name in the world outside, or to a load balancer."""
    for key in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences"):
        metadata.pop(key, None)
    metadata["labels"] = {key: value for key, value in metadata["labels"].items() if not key.startswith(_MARKS)}
    annotations = metadata.pop("annotations", None) or {}
    kept = {key: value for key, value in annotations.items() if not key.startswith((*_ANNOTATION_DROPS, *_MARKS))}
    if kept:
        metadata["annotations"] = kept


def pod_template_digest(docs: Objects) -> str:
    """SHA-256 (hex) of every pod template with the config maps and secrets that it reads, as far as ``docs`` have them.

    Two renderings with the same digest run the same pods; their other objects may differ.
    """
    parts = []
    for doc in of_kind(docs, *_WORKLOADS):
        template = doc["spec"]["template"]
        read = sorted({(kind, place[key]) for kind, place, key in canary_pods.references(template["spec"])})
        contents = [(kind, name, canary_pods.content(canary_pods.find(docs, kind, name) or {})) for kind, name in read]
        parts.append((doc["kind"], doc["metadata"]["name"], template, contents))
    parts.sort(key=lambda part: part[:2])
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def images(docs: Objects, workload: str) -> list[str]:
    """Images of the workload's containers, init containers first, each once."""
    for doc in of_kind(docs, *_WORKLOADS):
        if doc["metadata"]["name"] == workload:
            containers = canary_pods.containers(doc["spec"]["template"]["spec"])
            return list(dict.fromkeys(one["image"] for one in containers if one.get("image")))
    return []
