# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether traffic can be shifted, a canary has room, somebody else writes here, and gates get an answer."""

from __future__ import annotations

import decimal
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils import metrics
from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, did_you_mean, doubt, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Denied, NotFound, Refused, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.traffic.httproute import HTTPRoute

# Labels and annotations by which a controller says that it writes this object.
FOREIGN = {
    "argocd.argoproj.io/instance": "Argo CD", "argocd.argoproj.io/tracking-id": "Argo CD",
    "helm.toolkit.fluxcd.io/name": "Flux", "kustomize.toolkit.fluxcd.io/name": "Flux",
}
_FACTORS: dict[str, str | int] = {
    "": "1", "n": "1e-9", "u": "1e-6", "m": "0.001", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15",
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip
_QUOTAS = {"cpu": ("requests.cpu", "cpu"), "memory": ("requests.memory", "memory"), "pods": ("pods", "count/pods")}


def check_route(c: Context) -> list[Finding]:
    """The route exists, leads to the stable Service, is at rest, and the gateway serves it."""
    if c.strategy != "canary" or not c.stable_docs:
        return []
    origin = c.origins.get("helm_release_route", "")
    stable = c.canary.stable_service or c.workload
    try:
        seen = HTTPRoute(c.kube, c.route, stable=stable).read()
    except (NotFound, Refused) as error:
        where = f" (set in {origin})" if origin else ""
        remedy = error.remedy or f"helm_release_route is '{c.route}'{where}; show all: {c.kubectl} get httproutes"
        return [refuse("route", error.message, remedy, variable="helm_release_route", value=c.route, origin=origin)]
    if seen.problem:
        return [refuse("route", f"The gateway does not serve HTTPRoute {c.route}: {seen.problem.rstrip('.')}.",
                       f"Show it: {c.kubectl} describe httproute {c.route}", variable="helm_release_route")]
    found = []
    if not seen.settled:
        found.append(doubt("route", f"No gateway has taken HTTPRoute {c.route} yet: shifting it may change nothing."))
    if not seen.resting:
        share = seen.weights["canary"]
        found.append(doubt("route", f"HTTPRoute {c.route} names a canary already, which gets {share} %."))
    return found


def check_capacity(c: Context) -> list[Finding]:
    """A quota of the namespace leaves room for the canary beside stable at full size."""
    if c.strategy != "canary" or not c.stable_docs:
        return []
    try:
        quotas = c.kube.list("ResourceQuota")
    except Denied:
        return []  # the permissions check says so
    found = []
    asked = requests_of(c.canary.objects)
    for quota in quotas:
        status = quota.get("status") or {}
        for resource, names in _QUOTAS.items():
            for name in (name for name in names if name in (status.get("hard") or {})):
                left = quantity(status["hard"][name]) - quantity((status.get("used") or {}).get(name, "0"))
                if asked[resource] > left:
                    found.append(doubt(
                        "capacity", f"ResourceQuota {quota['metadata']['name']} leaves {left:f} of {name}, the canary "
                        f"asks for {asked[resource]:f}.", "Raise the quota, or scale something down.",
                    ))  # fmt: skip
    return found


def check_foreign(c: Context) -> list[Finding]:
    """Nobody else puts the Deployment back to what they think it should be."""
    metadata = (c.live or {}).get("metadata") or {}
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    owners = sorted({owner for mark, owner in FOREIGN.items() if mark in marks})
    return [
        doubt("foreign", f"{owner} manages Deployment {c.workload} and may undo this release while it runs.",
              f"Pause {owner} for it, or release there.")
        for owner in owners
    ]  # fmt: skip


def check_gates_answer(c: Context) -> list[Finding]:
    """The metrics system answers: without it no gate can judge."""
    if not c.get("release_gates"):
        return []
    wanted: Mapping[str, Any] = c.metrics or c.get("release_metrics", {})
    name = str(wanted.get("provider") or "prometheus")
    if name not in metrics.PROVIDERS:
        known = sorted(metrics.PROVIDERS)
        return [c.wrong("gates_answer", "provider of metrics", name, ", ".join(known), hint=did_you_mean(name, known))]
    try:
        metrics.PROVIDERS[name](**(wanted.get("options") or {})).probe()
    except TypeError as error:
        options = sorted(metrics.PROVIDERS[name].OPTIONS)
        return [refuse("gates_answer", f"The metrics provider {name} cannot be used: {error}.",
                       f"Its options are {', '.join(options)}.")]
    except RunbookError as error:
        return [refuse("gates_answer", f"Gates cannot judge: {error.message}", error.remedy, value=name)]
    return []


def quantity(text: Any) -> decimal.Decimal:
    """A Kubernetes quantity as a number: ``100m`` is 0.1, ``64Mi`` 67108864. :raises Refused: it is none"""
    match = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)", str(text))
    if match is None or match[2] not in _FACTORS:
        raise Refused(f"'{text}' is no quantity.")
    return decimal.Decimal(match[1]) * decimal.Decimal(_FACTORS[match[2]])


def requests_of(objects: list[dict[str, Any]]) -> dict[str, decimal.Decimal]:
    """What the pods of all Deployments among ``objects`` ask for together."""
    asked = dict.fromkeys(_QUOTAS, decimal.Decimal(0))
    for obj in objects:
        if obj["kind"] != "Deployment":
            continue
        pods = int(obj["spec"].get("replicas", 1))
        asked["pods"] += pods
        for container in obj["spec"]["template"]["spec"].get("containers") or []:
            requests = (container.get("resources") or {}).get("requests") or {}
            for resource in ("cpu", "memory"):
                asked[resource] += pods * quantity(requests.get(resource, "0"))
    return asked
