# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be known before a release begins, found at once: a list of findings, nothing is changed.

A check is a function ``(Context) -> list[Finding]``. It neither waits nor repeats, and what it raises becomes a
finding, so that one that fails hides none of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.checks import (
    access,
    chart,
    inputs,
    installed,
    lock,
    permissions,
    tools,
    traffic,
)
from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import (
    DOUBT,
    REFUSE,
    Finding,
    did_you_mean,
    refuse,
    wrong,
)
from ansible_collections.releng.runbooks.plugins.module_utils.checks.plan import batches, plan
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError

__all__ = ["CHECKS", "DOUBT", "PROTECTED", "REFUSE", "Context", "Finding", "batches", "override", "plan", "run_all"]

CHECKS: dict[str, Callable[[Context], list[Finding]]] = {
    inputs.NAME: inputs.check_inputs,
    tools.NAME: tools.check_tools,
    "access": access.check_access,
    "context": access.check_context,
    "clock": access.check_clock,
    permissions.NAME: permissions.check_permissions,
    lock.NAME: lock.check_lock,
    "pending": installed.check_pending,
    "installed": installed.check_installed,
    "way_back": installed.check_way_back,
    "chart": chart.check_chart,
    "image": chart.check_image,
    "canary": chart.check_canary,
    "dry_run": chart.check_dry_run,
    "route": traffic.check_route,
    "capacity": traffic.check_capacity,
    "foreign": traffic.check_foreign,
    "gates_answer": traffic.check_gates_answer,
}

# What nobody can override: where it would go, who else is at it, how to get back.
PROTECTED = frozenset({"access", "context", "lock", "way_back", "inputs"})
# Need no cluster: they run also when it does not answer.
WITHOUT_CLUSTER = frozenset({"inputs", "tools", "access", "context", "gates_answer"})
# Render the chart with the version, which therefore has to be one.
WITH_VERSION = frozenset({"chart", "image", "canary", "dry_run", "route", "capacity"})

OVERRIDES = "precheck_overrides"


# The way back has to be open when much else is wrong: only what it cannot do without is looked at.
OF_ROLLBACK = frozenset({"access", "context", "clock", "permissions"})


def run_all(
    context: Context, overrides: Mapping[str, Any] | None = None, procedure: str = "release"
) -> list[Finding]:
    """Every finding of every check, in the order of the checks.

    :param procedure: ``release``, or ``rollback``, which needs less
    :param overrides: check -> reason: its refusals become doubts that carry the reason
    """
    wanted: Any = context.get(OVERRIDES, {}) if overrides is None else overrides
    found, reasons = override(wanted, context.origins.get(OVERRIDES, ""))
    skipped = frozenset(CHECKS) - OF_ROLLBACK if procedure == "rollback" else frozenset()
    for name, check in CHECKS.items():
        if name in skipped:
            continue
        results = _run(name, check, context)
        if name == "access" and any(one.refuses for one in results):
            skipped |= frozenset(CHECKS) - WITHOUT_CLUSTER
        if name == inputs.NAME and any(one.variable.startswith("release_versions") for one in results):
            skipped |= WITH_VERSION
        found += [_overridden(one, reasons) for one in results]
    return _once(found)


def override(wanted: Any, origin: str = "") -> tuple[list[Finding], dict[str, str]]:
    """What is wrong with the overrides, and the reasons of those that count."""
    example = 'a mapping of checks to reasons, such as {"image": "the registry is down, pulled on all nodes"}'
    if not isinstance(wanted, Mapping):
        return [wrong(inputs.NAME, OVERRIDES, repr(wanted), example, origin)], {}
    allowed = [name for name in CHECKS if name not in PROTECTED]
    found, reasons = [], {}
    for name, reason in wanted.items():
        if name in PROTECTED:
            what = f"{name}, which cannot be overridden"
            found.append(wrong(inputs.NAME, OVERRIDES, what, ", ".join(allowed), origin))
        elif name not in CHECKS:
            hint = did_you_mean(name, allowed)
            found.append(wrong(inputs.NAME, OVERRIDES, str(name), ", ".join(allowed), origin, hint=hint))
        elif not isinstance(reason, str) or not reason.strip():
            found.append(wrong(inputs.NAME, f"{OVERRIDES}.{name}", repr(reason), "a reason in words", origin))
        else:
            reasons[str(name)] = reason.strip().rstrip(".")
    return found, reasons


def _run(name: str, check: Callable[[Context], list[Finding]], context: Context) -> list[Finding]:
    try:
        return check(context)
    except RunbookError as error:
        return [refuse(name, error.message, error.remedy)]
    except Exception as error:  # a defect of ours is no reason to release unchecked, nor to hide other findings
        return [refuse(name, f"The check {name} failed unexpectedly: {type(error).__name__}: {error}.")]


def _overridden(finding: Finding, reasons: Mapping[str, str]) -> Finding:
    if not finding.refuses or finding.check not in reasons:
        return finding
    return Finding(**{**vars(finding), "level": DOUBT, "reason": reasons[finding.check]})


def _once(found: list[Finding]) -> list[Finding]:
    """Each message once: several checks meet the same error. A refusal is never hidden behind a doubt."""
    kept: dict[str, Finding] = {}
    for one in found:
        before = kept.get(one.message)
        if before is None or (one.refuses and not before.refuses):
            kept[one.message] = one
    return list(kept.values())
