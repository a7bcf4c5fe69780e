# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release would do, in a few lines: from what to what, what is made, how much it takes at its peak."""

from __future__ import annotations

import math
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.inputs import share_of
from ansible_collections.releng.runbooks.plugins.module_utils.checks.traffic import requests_of


def plan(c: Context) -> list[str]:
    """The plan of a release that passed the checks; it says so when nothing would change."""
    if c.stable_docs and c.stable_docs == c.new_docs and c.revisions[-1].status == "deployed":
        return [f"plan: {c.service} is {c.version} already and nothing of its manifest changes: nothing to do"]
    before = _version_now(c)
    lines = [f"plan: {c.service} {f'{before} → ' if before else ''}{c.version}, {c.strategy}, Helm release {c.release}"]
    if c.strategy == "canary":
        lines += _beside(c)
    lines += [f"plan: helm upgrade {word} {', '.join(names)}" for word, names in _differences(c).items() if names]
    lines.append(f"plan: {_peak(c)}")
    lines.append("plan: if this job dies in between, nobody watches: playbooks/rollback.yml leads back")
    return lines


def batches(c: Context, targets: int, forks: int) -> list[str]:
    """What it means that there are fewer forks than targets; nothing where there are enough.

    A guarded step is one process for its whole time, so targets without a fork wait in line.
    """
    if targets <= forks:
        return []
    number, least = math.ceil(targets / forks), _least(c)
    told = f"plan: {targets} targets and {forks} forks: they go in {number} batches of at least {least:g} s each"
    return [f"{told}, {number * least:g} s in all; --forks {targets} lets them go at once"]


def _least(c: Context) -> float:
    """Seconds that the steps of one target take when every look passes."""
    if c.strategy != "canary":
        return float(c.get("helm_release_bake", 0.0))
    steps, back = c.get("canary_shift_steps", []), c.get("canary_shift_return_steps", [])
    shifting = (len(steps) - 1) * float(c.get("canary_shift_step_duration", 0.0))
    returning = len(back) * float(c.get("canary_shift_return_duration", 0.0))
    return shifting + float(c.get("canary_shift_bake", 0.0)) + returning


def _beside(c: Context) -> list[str]:
    made = ", ".join(_name(obj) for obj in c.canary.objects)
    steps = " → ".join(f"{share_of(step)} %" for step in c.get("canary_shift_steps", []))
    back = " → ".join(f"{share_of(step)} %" for step in c.get("canary_shift_return_steps", []))
    return [
        f"plan: beside stable {made}",
        f"plan: traffic to the canary {steps}; after the upgrade of stable {back}, by HTTPRoute {c.route}",
    ]


def _differences(c: Context) -> dict[str, list[str]]:
    old = {(doc["kind"], doc["metadata"]["name"]): doc for doc in c.stable_docs}
    new = {(doc["kind"], doc["metadata"]["name"]): doc for doc in c.new_docs}
    return {
        "makes": [_name(new[key]) for key in new if key not in old],
        "changes": [_name(new[key]) for key in new if key in old and new[key] != old[key]],
        "removes": [_name(old[key]) for key in old if key not in new],
    }


def _peak(c: Context) -> str:
    """Stable at full size and the canary beside it; one pod more while a rolling upgrade is under way."""
    asked = requests_of([{**doc, "spec": {**doc["spec"], "replicas": 1}} for doc in _workload(c)])
    stable = c.replicas if c.live else 1
    pods = 2 * stable + 1 if c.strategy == "canary" else stable + 1
    return f"at the peak about {pods} pods, {(asked['cpu'] * pods).normalize():f} CPU requested"


def _workload(c: Context) -> list[dict[str, Any]]:
    return [doc for doc in c.new_docs if doc["kind"] == "Deployment" and doc["metadata"]["name"] == c.workload]


def _version_now(c: Context) -> str:
    """The version that runs, as its values say it; empty where nothing is installed."""
    if not c.revisions:
        return ""
    value: Any = c.helm.values()
    for key in c.get("helm_release_version_values", ["image.tag"])[0].split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return str(value if value is not None else c.revisions[-1].app_version)


def _name(doc: dict[str, Any]) -> str:
    return f"{doc['kind']} {doc['metadata']['name']}"
