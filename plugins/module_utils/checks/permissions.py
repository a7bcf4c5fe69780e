# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rights that a release uses, as data: what is asked for before it begins, and what docs/permissions.md shows."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator

from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import DOUBT, REFUSE, Finding
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError

NAME = "permissions"

ALWAYS, CANARY, CHART, PROBES, OPTIONAL = "always", "canary", "chart", "probes", "optional"
CONDITIONS = {
    ALWAYS: "every release",
    CANARY: "strategy canary",
    CHART: "the chart makes one",
    PROBES: "a probe asks through the API server",
    OPTIONAL: "may be missing: then it is a doubt",
}


@dataclasses.dataclass(frozen=True)
class Need:
    """One verb on one resource. ``kind``: of the chart's objects that it is for, with ``when`` chart."""

    verb: str
    resource: str
    group: str = ""
    subresource: str = ""
    when: str = ALWAYS
    why: str = ""
    kind: str = ""

    @property
    def name(self) -> str:
        """As kubectl writes it: ``deployments.apps``, ``pods/log``."""
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{full}/{self.subresource}" if self.subresource else full


def _needs(
    verbs: str, resource: str, why: str, group: str = "", subresource: str = "", when: str = ALWAYS, kind: str = ""
) -> Iterator[Need]:
    for verb in verbs.split():
        yield Need(verb, resource, group, subresource, when, why, kind)


_GATEWAY = "gateway.networking.k8s.io"
_WRITES = "get create patch delete"
_BY_HELM = "Helm writes what the chart makes"

NEEDS: tuple[Need, ...] = (
    *_needs("get create update", "configmaps", "the release state"),
    *_needs("get create update patch", "leases", "the lock", "coordination.k8s.io"),
    *_needs("get list create update delete", "secrets", "Helm keeps its revisions in secrets"),
    *_needs("get", "deployments", "what runs", "apps"),
    *_needs("list", "replicasets", "which pods are of the new version", "apps"),
    *_needs("list", "pods", "whether pods are ready, and why not"),
    *_needs("get", "pods", "the last lines of a pod that fails", subresource="log"),
    *_needs("list", "events", "causes that only events name"),
    *_needs("get create", "services", "probes of a service", subresource="proxy", when=PROBES),
    *_needs("get create", "pods", "probes of each pod", subresource="proxy", when=PROBES),
    *_needs("list create patch delete", "deployments", "the canary", "apps", when=CANARY),
    *_needs("list create patch delete", "services", "the canary's Service", when=CANARY),
    *_needs("list patch delete", "configmaps", "copies of config maps that differ", when=CANARY),
    *_needs("patch", "secrets", "copies of secrets that differ", when=CANARY),
    *_needs("list", "networkpolicies", "copies of policies for the canary", "networking.k8s.io", when=CANARY),
    *_needs("get list patch", "horizontalpodautoscalers", "stable keeps its size", "autoscaling", when=CANARY),
    *_needs("get patch", "httproutes", "shifting traffic", _GATEWAY, when=CANARY),
    *_needs(_WRITES, "configmaps", _BY_HELM, when=CHART, kind="ConfigMap"),
    *_needs(_WRITES, "secrets", _BY_HELM, when=CHART, kind="Secret"),
    *_needs(_WRITES, "services", _BY_HELM, when=CHART, kind="Service"),
    *_needs(_WRITES, "serviceaccounts", _BY_HELM, when=CHART, kind="ServiceAccount"),
    *_needs(_WRITES, "deployments", _BY_HELM, "apps", when=CHART, kind="Deployment"),
    *_needs(_WRITES, "httproutes", _BY_HELM, _GATEWAY, when=CHART, kind="HTTPRoute"),
    *_needs(_WRITES, "horizontalpodautoscalers", _BY_HELM, "autoscaling", when=CHART, kind="HorizontalPodAutoscaler"),
    *_needs(_WRITES, "poddisruptionbudgets", _BY_HELM, "policy", when=CHART, kind="PodDisruptionBudget"),
    *_needs(_WRITES, "networkpolicies", _BY_HELM, "networking.k8s.io", when=CHART, kind="NetworkPolicy"),
    *_needs(_WRITES, "ingresses", _BY_HELM, "networking.k8s.io", when=CHART, kind="Ingress"),
    *_needs("list", "resourcequotas", "whether a quota leaves room for the canary", when=OPTIONAL),
)


def needed(strategy: str, kinds: Collection[str], probes: Collection[str]) -> list[Need]:
    """What a release needs, each verb on each resource once.

    :param kinds: of the objects that the chart makes
    :param probes: the ways in which probes ask: ``service``, ``pod``, ``url``
    """
    asked: dict[tuple[str, str], Need] = {}
    for need in NEEDS:
        wanted = {
            ALWAYS: True, OPTIONAL: strategy == "canary", CANARY: strategy == "canary", CHART: need.kind in kinds,
            PROBES: need.resource.rstrip("s") in probes,
        }[need.when]  # fmt: skip
        if wanted:
            asked.setdefault((need.verb, need.name), need)
    return list(asked.values())


def check_permissions(c: Context) -> list[Finding]:
    """We may do what this release will do; each missing right is named with the command that shows it."""
    listed = c.get("verify_health_probes", [])
    ways = {str(one.get("via", "service")) for one in listed if isinstance(one, dict)}
    found = []
    for need in needed(c.strategy, _kinds(c), ways):
        allowed, reason = c.kube.may(need.verb, need.resource, need.group, subresource=need.subresource)
        if not allowed:
            found.append(_missing(c, need, reason))
    return found


def _kinds(c: Context) -> set[str]:
    """Kinds that the chart makes, as far as we may look; what keeps us from it is named by other checks."""
    kinds: set[str] = set()
    for read in (lambda: c.stable_docs, lambda: c.new_docs):
        with contextlib.suppress(RunbookError):
            kinds |= {doc["kind"] for doc in read()}
    return kinds


def _missing(c: Context, need: Need, reason: str) -> Finding:
    full = f"{need.resource}.{need.group}" if need.group else need.resource
    subresource = f" --subresource={need.subresource}" if need.subresource else ""
    said = f" ({reason})" if reason else ""
    return Finding(
        NAME, variable="target_context", value=f"{need.verb} {need.name}", allowed="granted by a Role",
        message=f"This account may not {need.verb} {need.name} in {c.kube.access.namespace}: {need.why}{said}.",
        remedy=f"Show it: {c.kubectl} auth can-i {need.verb} {full}{subresource}",
        level=DOUBT if need.when == OPTIONAL else REFUSE,
    )


def table() -> str:
    """The table of docs/permissions.md: one row for each resource and reason, in Markdown."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for need in NEEDS:
        when = f"the chart makes a {need.kind}" if need.when == CHART else CONDITIONS[need.when]
        rows.setdefault((need.name, when, need.why), []).append(need.verb)
    lines = ["| resource | verbs | when | what for |", "| --- | --- | --- | --- |"]
    lines += [f"| `{name}` | {', '.join(verbs)} | {when} | {why} |" for (name, when, why), verbs in rows.items()]
    return "\n".join(lines) + "\n"
