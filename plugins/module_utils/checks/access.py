# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the cluster answers, whether it is the one that the inventory means, and whether clocks agree."""

from __future__ import annotations

import urllib.parse

from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, doubt, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError

MAX_SKEW = 30.0  # seconds


def check_access(c: Context) -> list[Finding]:
    """The kubeconfig can be used, the API server answers and lets us in."""
    if c.trouble is not None:
        return [refuse("access", c.trouble.message, c.trouble.remedy, variable="target_kubeconfig")]
    try:
        c.kube.server_version()
    except RunbookError as error:
        remedy = error.remedy or f"Show it: kubectl --context {c.kube.context} version"
        return [refuse("access", error.message, remedy, variable="target_kubeconfig", value=c.kube.host)]
    return []


def check_context(c: Context) -> list[Finding]:
    """Context and server are those of the inventory, not those that happen to be current."""
    if c.trouble is not None:
        return []  # the access check says it
    found = []
    wanted, server = str(c.get("target_context", "")), str(c.get("precheck_server", ""))
    if wanted and wanted != c.kube.context:
        found.append(c.wrong("context", "target_context", wanted, f"what is in use, which is {c.kube.context}"))
    if not wanted and not server:
        found.append(doubt(
            "context", f"Neither target_context nor precheck_server is set: this would release to {c.kube.host}, "
            f"context {c.kube.context}, because it is the current one.",
            "Set target_context for this target.", variable="target_context",
        ))  # fmt: skip
    if server and _server(server) != _server(c.kube.host):
        found.append(c.wrong("context", "precheck_server", server, f"where the kubeconfig leads, {c.kube.host}"))
    return found


def check_clock(c: Context) -> list[Finding]:
    """A clock that is off makes times in reports and ages of releases wrong."""
    skew = (c.kube.server_time() - c.clock.wall()).total_seconds()
    if abs(skew) <= MAX_SKEW:
        return []
    side = "behind" if skew > 0 else "ahead of"
    return [doubt("clock", f"The clock here is {abs(skew):.0f} s {side} that of {c.kube.host}.",
                  "Synchronise it: times of metrics and reports are compared.")]


def _server(url: str) -> tuple[str, str, int, str]:
    parts = urllib.parse.urlsplit(url if "://" in url else f"https://{url}")
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return parts.scheme, (parts.hostname or "").lower(), port, parts.path.rstrip("/")
