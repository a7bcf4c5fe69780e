# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels that tell a canary's pods from the stable ones: as few changed as it takes for every selector to tell."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

Labels = dict[str, str]
Selector = dict[str, Any]  # as in a Deployment: {"matchLabels": {...}, "matchExpressions": [...]}

SUFFIX = "-canary"
TRACK_LABEL = "releng.runbooks/track"
TRACK = "canary"

MAX_VALUE = 63
# Changed first where it separates: the instance is what differs between two copies of one application, and what
# else the labels say (name, part-of, component) stays true for the canary.
_FIRST = ("app.kubernetes.io/instance",)


def matches(selector: Selector, labels: Labels) -> bool:
    """As the API server matches: an empty selector takes everything."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or [])


def _holds(expression: dict[str, Any], labels: Labels) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")


def with_suffix(value: str) -> str:
    """A label value that differs from ``value`` and is still one: at most 63 characters."""
    return f"{value[: MAX_VALUE - len(SUFFIX)].rstrip('-_.')}{SUFFIX}".lstrip("-")


def changes(labels: Labels, selectors: Iterable[Selector]) -> Labels:
    """Key -> new value: the fewest labels that have to differ so that none of ``selectors`` takes the pods any more.

    Selectors that do not match ``labels`` are passed over, and so are those that cannot be told apart in this way
    (``{}``, ``Exists``): whoever asks looks at what still matches.
    """
    open_ones = [one for one in selectors if matches(one, labels)]
    found: Labels = {}
    keys = [key for key in _FIRST if key in labels] + sorted(set(labels) - set(_FIRST))
    while open_ones:
        separated = {
            key: [one for one in open_ones if not matches(one, {**labels, key: with_suffix(labels[key])})]
            for key in keys
        }
        # The first of the most: keys stand in the order of preference, and max keeps the first.
        best = max(keys, key=lambda key: (len(separated[key]), key in _FIRST), default="")
        if not best or not separated[best]:
            break
        found[best] = with_suffix(labels[best])
        open_ones = [one for one in open_ones if one not in separated[best]]
    return found


def changed(labels: Labels, new: Labels) -> Labels:
    """``labels`` with the values of ``new`` where they have the key."""
    return {key: new.get(key, value) for key, value in labels.items()}


def changed_selector(selector: Selector, old: Labels, new: Labels) -> Selector:
    """The selector with the changed values wherever it names the old ones."""
    result = copy.deepcopy(selector)
    wanted = result.get("matchLabels") or {}
    for key, value in new.items():
        if wanted.get(key) == old.get(key):
            wanted[key] = value
        for one in result.get("matchExpressions") or []:
            if one["key"] == key and one.get("values"):
                one["values"] = [value if each == old.get(key) else each for each in one["values"]]
    return result


def follow(pod_spec: dict[str, Any], old: Labels, new: Labels) -> None:
    """Affinities and spreads that mean the pods themselves mean the canary's own pods (changes ``pod_spec``)."""
    for term in [*_affinity_terms(pod_spec), *(pod_spec.get("topologySpreadConstraints") or [])]:
        selector = term.get("labelSelector")
        if selector and matches(selector, old):
            term["labelSelector"] = changed_selector(selector, old, new)


def _affinity_terms(pod_spec: dict[str, Any]) -> list[dict[str, Any]]:
    terms: list[dict[str, Any]] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = (pod_spec.get("affinity") or {}).get(kind) or {}
        terms += affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []
        preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        terms += [one["podAffinityTerm"] for one in preferred]
    return terms


def pod_selector(doc: dict[str, Any]) -> Selector | None:
    """What an object takes pods by; None when its kind is not known to take any, or it has no selector."""
    spec = doc.get("spec") or {}
    place = _PLACES.get(doc["kind"]) or next((one for one in _USUAL if one in spec), "")
    selector = spec.get(place)
    if not isinstance(selector, dict) or doc["kind"] in _OF_OTHERS:
        return None
    if doc["kind"] == "Service":
        return {"matchLabels": selector} if selector else None  # without a selector a Service takes no pods
    if place == "workloadSelector":
        return {"matchLabels": selector.get("labels") or {}}
    if set(selector) <= {"matchLabels", "matchExpressions"}:
        return selector
    flat = all(isinstance(value, str) for value in selector.values())
    return {"matchLabels": selector} if flat else None


_PLACES = {
    "DaemonSet": "selector", "Deployment": "selector", "Job": "selector", "NetworkPolicy": "podSelector",
    "PodDisruptionBudget": "selector", "PodMonitor": "selector", "ReplicaSet": "selector",
    "ReplicationController": "selector", "Service": "selector", "StatefulSet": "selector",
}  # fmt: skip
# Where other kinds have theirs.
_USUAL = ("endpointSelector", "workloadSelector", "podSelector", "selector")
# Their selector means other things than pods: volumes, services, or is text.
_OF_OTHERS = frozenset({"PersistentVolumeClaim", "ServiceMonitor", "HorizontalPodAutoscaler", "Ingress", "HTTPRoute"})


def told(doc: dict[str, Any], selector: Selector) -> str:
    """``Service shop (app=shop, tier=web)``"""
    pairs = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for one in selector.get("matchExpressions") or []:
        values = f" ({', '.join(one['values'])})" if one.get("values") else ""
        pairs.append(f"{one['key']} {one['operator']}{values}")
    return f"{doc['kind']} {doc['metadata']['name']} ({', '.join(pairs) or 'every pod'})"


def of_kind(docs: Sequence[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """The objects of these kinds, in their order."""
    return [doc for doc in docs if doc["kind"] in kinds]
