# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network policies and monitors that mean the stable pods, once more for the canary's."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.canary_labels import (
    SUFFIX,
    Labels,
    Selector,
    changed_selector,
    matches,
)

_PEERS = {"ingress": "from", "egress": "to"}


def policy(doc: dict[str, Any], old: Labels, new: Labels, selector: Selector, differ: Labels) -> dict[str, Any] | None:
    """A NetworkPolicy for what ``doc`` says of stable pods, as taking or as peer; None when it holds for both anyway.

    Policies only ever add up, so one more never takes away what another allows.

    :param old: labels of the stable pods
    :param new: labels of the canary's pods
    :param selector: takes the canary's pods and no other
    :param differ: the labels in which they differ, see ``canary_labels.changes``
    """
    spec = doc["spec"]
    taken = spec.get("podSelector") or {}
    if matches(taken, old) and not matches(taken, new):
        mirrored = copy.deepcopy(doc)
        mirrored["spec"]["podSelector"] = selector
        for way, key in _PEERS.items():
            for rule in mirrored["spec"].get(way) or []:
                if rule.get(key):
                    rule[key] += _peers(rule[key], old, new, differ)
    else:
        mirrored = _as_peer(doc, old, new, differ)
        if not mirrored:
            return None
    mirrored["metadata"]["name"] += SUFFIX
    return mirrored


def _as_peer(doc: dict[str, Any], old: Labels, new: Labels, differ: Labels) -> dict[str, Any]:
    """The pods taken are the same (of another workload); only the rules that let stable in, now for the canary."""
    rules: dict[str, list[dict[str, Any]]] = {}
    for way, key in _PEERS.items():
        for rule in doc["spec"].get(way) or []:
            peers = _peers(rule.get(key) or [], old, new, differ)
            if peers:
                rules.setdefault(way, []).append({**copy.deepcopy(rule), key: peers})
    if not rules:
        return {}
    mirrored = copy.deepcopy(doc)
    mirrored["spec"] = {
        "podSelector": mirrored["spec"].get("podSelector") or {}, "policyTypes": [way.capitalize() for way in rules],
        **rules,
    }  # fmt: skip
    return mirrored


def _peers(peers: Sequence[dict[str, Any]], old: Labels, new: Labels, differ: Labels) -> list[dict[str, Any]]:
    """For each peer that means stable and not the canary, the one that means the canary."""
    found = []
    for peer in peers:
        selector = peer.get("podSelector")
        if selector and matches(selector, old) and not matches(selector, new):
            found.append({**copy.deepcopy(peer), "podSelector": changed_selector(selector, old, differ)})
    return found


def monitor(doc: dict[str, Any], old: Labels, new: Labels, differ: Labels) -> dict[str, Any] | None:
    """A ServiceMonitor (labels are those of the Services) or PodMonitor (those of the pods) for the canary."""
    selector = doc["spec"].get("selector") or {}
    if not matches(selector, old) or matches(selector, new):
        return None
    mirrored = copy.deepcopy(doc)
    mirrored["metadata"]["name"] += SUFFIX
    mirrored["spec"]["selector"] = changed_selector(selector, old, differ)
    return mirrored
