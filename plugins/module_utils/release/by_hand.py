# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person types without us, and what to type next with us."""

from __future__ import annotations

import json
import shlex
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGER, OWNER_LABEL
from ansible_collections.releng.runbooks.plugins.module_utils.release import choice
from ansible_collections.releng.runbooks.plugins.module_utils.release.phases import safe_side, way_back
from ansible_collections.releng.runbooks.plugins.module_utils.release.sides import CANARY
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import State
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import Target
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import HELM_LABEL
from ansible_collections.releng.runbooks.plugins.module_utils.traffic.httproute import TOKEN_PATH

# What a canary is made of, as far as every cluster has such kinds: with a kind it lacks kubectl deletes nothing.
KINDS = "deployments,services,configmaps,secrets,networkpolicies"
# A token that no run has.
FENCE = "999999999"


def commands(target: Target, state: State) -> list[str]:
    """The way back out of the phase of ``state`` with kubectl and helm alone, in order; [] where nothing changed."""
    steps = way_back(state.phase, state.strategy)
    told: list[str] = []
    route = state.route.get("name", "")
    if "traffic" in steps and safe_side(state.phase) == CANARY and state.way_back:
        told.append(_patch(target, route, [one for one in state.way_back if one["path"].startswith("/spec/")]))
    revision = choice.leads_to(state).revision
    if "helm_rollback" in steps and revision:
        told.append(f"{target.helm} {shlex.join(['rollback', target.release, str(revision), '--wait'])}")
    if steps and state.route.get("resting"):
        told.append(_patch(target, route, [
            {"op": "replace", "path": f"/spec/rules/{one['rule']}/backendRefs", "value": one["backendRefs"]}
            for one in state.route["resting"]
        ]))  # fmt: skip
    if "remove_canary" in steps:
        labels = f"{OWNER_LABEL}={MANAGER},{HELM_LABEL}={target.release}"
        told.append(f"{target.kubectl} {shlex.join(['delete', KINDS, '-l', labels])}")
    for one in state.pinned if steps else ():
        words = ["patch", one["kind"].lower(), one["name"], "--type=merge", "-p", json.dumps(one["patch"])]
        told.append(f"{target.kubectl} {shlex.join(words)}")
    return told


def next_command(target: str, result: str, inventory: str) -> str:
    """What on-call types next."""
    where = f" -i {shlex.quote(inventory)}" if inventory else ""
    playbook = "rollback" if result == "stuck" else "status"
    return f"ansible-playbook playbooks/{playbook}.yml{where} --limit {shlex.quote(target)}"


def _patch(target: Target, route: str, change: list[dict[str, Any]]) -> str:
    """``change`` as one patch, whatever stands there now. The token is raised, so a run that wakes up is fenced."""
    token = {"op": "add", "path": TOKEN_PATH, "value": FENCE}
    words = ["patch", "httproute", route, "--type=json", "-p", json.dumps([*change, token])]
    return f"{target.kubectl} {shlex.join(words)}"
