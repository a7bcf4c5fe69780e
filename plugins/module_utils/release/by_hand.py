# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person types without us, and what to type next with us."""

from __future__ import annotations

import json
import shlex
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGER, OWNER_LABEL, TOKEN_ANNOTATION
from ansible_collections.releng.runbooks.plugins.module_utils.release.phases import way_back
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import State
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import Target
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import HELM_LABEL


def commands(target: Target, state: State) -> list[str]:
    """The way back out of the phase of ``state`` with kubectl and helm alone, in order; [] where nothing changed."""
    steps = way_back(state.phase, state.strategy)
    told: list[str] = []
    if "helm_rollback" in steps and state.before.revision:
        told.append(f"{target.helm} rollback {target.release} {state.before.revision} --wait")
    if state.route.get("resting"):
        told.append(_patch(target, state.route["name"], state.route["resting"]))
    if "remove_canary" in steps:
        kinds = "deployments,services,configmaps,secrets,networkpolicies"
        told.append(f"{target.kubectl} delete {kinds} -l {OWNER_LABEL}={MANAGER},{HELM_LABEL}={target.release}")
    for one in state.pinned:
        patch = shlex.quote(json.dumps(one["patch"]))
        told.append(f"{target.kubectl} patch {one['kind'].lower()} {one['name']} --type=merge -p {patch}")
    return told


def next_command(target: str, result: str, inventory: str) -> str:
    """What on-call types next."""
    where = f" -i {shlex.quote(inventory)}" if inventory else ""
    playbook = "rollback" if result == "stuck" else "status"
    return f"ansible-playbook playbooks/{playbook}.yml{where} --limit {shlex.quote(target)}"


def _patch(target: Target, route: str, resting: list[dict[str, Any]]) -> str:
    """Everything on stable, as the chart has it. The token is raised, so a run that wakes up is fenced."""
    ops: list[dict[str, Any]] = [
        {"op": "replace", "path": f"/spec/rules/{one['rule']}/backendRefs", "value": one["backendRefs"]}
        for one in resting
    ]
    path = "/metadata/annotations/" + TOKEN_ANNOTATION.replace("~", "~0").replace("/", "~1")
    ops.append({"op": "add", "path": path, "value": "999999999"})
    return f"{target.kubectl} patch httproute {route} --type=json -p {shlex.quote(json.dumps(ops))}"
