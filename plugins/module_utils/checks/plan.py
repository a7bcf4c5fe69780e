# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release would do, in lines for a person: from what to what, how, and what it takes at its peak."""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.traffic import requests_of


def plan(c: Context) -> list[str]:
    """Only what has been asked for already; nothing here is sent."""
    current = c.revisions[-1] if c.revisions else None
    before = f"revision {current.revision} ({current.app_version})" if current else "nothing"
    lines = [f"plan: {c.service} from {before} to {c.version}, {c.strategy}"]
    if current and c.stable_docs == c.new_docs:
        return [*lines, "plan: the manifest is the same, so nothing changes"]
    if c.strategy == "canary":
        steps = ", ".join(f"{share} %" for share in c.get("canary_shift_steps", []))
        asked = requests_of(c.canary.objects)
        names = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in c.canary.objects)
        lines += [
            f"plan: beside stable: {names}",
            f"plan: at its peak {c.replicas} pods more, which ask for {asked['cpu']:f} CPU",
            f"plan: traffic to the canary: {steps}; then stable is upgraded without traffic, and gets it back",
        ]
        lines += [f"doubt: {text}" for text in c.canary.doubts]
    lines.append("plan: nobody puts traffic back if this job dies; run rollback.yml then")
    return lines
