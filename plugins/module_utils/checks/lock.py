# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody else releases this target now, or left a release that never ended. Nothing is taken or written."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, doubt, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.release import lock, state

NAME = "lock"


def check_lock(c: Context) -> list[Finding]:
    """The lock is free, ours or dead, and the last release here has ended."""
    lease = c.kube.get(lock.KIND, f"release-{c.release}", lock.API_VERSION)
    spec: dict[str, Any] = (lease or {}).get("spec") or {}
    holder = spec.get("holderIdentity") or ""
    found = [] if holder in ("", c.holder) else [_held(c, spec, holder)]
    if any(one.refuses for one in found):
        return found  # its release is open, of course
    return found + _unended(c)


def _held(c: Context, spec: dict[str, Any], holder: str) -> Finding:
    """Renewals carry the API server's time, so they are compared with that clock only."""
    now = c.kube.server_time()
    lasts = float(spec.get("leaseDurationSeconds") or 45.0)
    silent, since = _age(now, spec.get("renewTime")), _age(now, spec.get("acquireTime"))
    if silent is not None and silent > lasts:
        return doubt(
            NAME, f"{holder} holds the lock of {c.release} and has been silent for {silent:.0f} s: it counts as dead.",
            f"The lock is taken over once it stayed silent for {lasts:.0f} s more.", value=holder,
        )
    age = f" since {since:.0f} s" if since is not None else ""
    return refuse(
        NAME, f"{c.release} is being released by {holder}{age}.",
        f"Wait until it has ended, or stop it there; if it died, the lock ends {lasts:.0f} s after its last renewal.",
        value=holder,
    )


def _unended(c: Context) -> list[Finding]:
    found = state.load(c.kube, c.release)
    if found is None or found.release == c.run or found.result not in ("", "stuck"):
        return []
    what = "is stuck" if found.result else "never ended"
    return [refuse(
        NAME, f"Release {found.release} by {found.by} {what} on {c.target}: it is {found.phase}.",
        f"Take it back first: ansible-playbook playbooks/rollback.yml --limit {c.target}", value=found.release,
    )]  # fmt: skip


def _age(now: datetime.datetime, text: str | None) -> float | None:
    try:
        return (now - datetime.datetime.fromisoformat(text or "")).total_seconds()
    except ValueError:
        return None
