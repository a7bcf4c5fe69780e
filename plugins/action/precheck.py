# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds everything that would stop a release or a rollback, and changes nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils import checks
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Helm
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube
from ansible_collections.releng.runbooks.plugins.module_utils.poll import SystemClock
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import Target
from ansible_collections.releng.runbooks.plugins.plugin_utils import inputs
from ansible_collections.releng.runbooks.plugins.plugin_utils.door import Call, Door
from ansible_collections.releng.runbooks.plugins.plugin_utils.plain import plain
from ansible_collections.releng.runbooks.plugins.plugin_utils.shown import shown


class ActionModule(Door):
    SPEC: ClassVar[dict[str, Any]] = {
        "roles": {"type": "list", "elements": "str", "required": True},
        "procedure": {"type": "str", "choices": ["release", "rollback"], "required": True},
    }

    def work(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        given = inputs.validate(params["roles"], call.task_vars, call.template)
        if given.problems:
            return _answer(given.problems, call)
        context = _context(given, call)
        findings = checks.run_all(context, context.get("precheck_overrides", {}), params["procedure"])
        answer = _answer(findings, call)
        if not answer.get("failed") and params["procedure"] == "release":
            for line in [*checks.plan(context), *_batches(context, call)]:
                call.say(line)
            if call.diff:
                answer["diff"] = {
                    "before": shown(context.stable_docs), "after": shown(context.new_docs),
                    "before_header": "what runs", "after_header": f"{context.service} {context.version}",
                }  # fmt: skip
        return answer


def _context(given: inputs.Inputs, call: Call) -> checks.Context:
    variables = plain(given.variables)
    target = Target(name=call.target, **variables["helm_release_target"])
    trouble: RunbookError | None = None
    kube: Kube | None = None
    try:
        kube = Kube(target.access)
    except RunbookError as error:
        trouble = error
    versions = variables.get("release_versions") or {}
    hostvars = call.task_vars.get("hostvars") or {}
    return checks.Context(
        variables=variables, origins=given.origins, secrets=given.secrets, kube=kube, trouble=trouble,  # type: ignore[arg-type]
        helm=Helm(target.binary, target.access, target.release), clock=SystemClock(), target=call.target,
        version=versions.get(target.service) if isinstance(versions, dict) else None, service=target.service,
        services=sorted({str(hostvars[host].get("release_service", host)) for host in hostvars}),
        holder=f"{call.by} ({call.run})", run=call.run, metrics=variables.get("release_metrics") or {},
    )


def _batches(context: checks.Context, call: Call) -> list[str]:
    """Said once, by the first of the targets."""
    targets = call.task_vars.get("ansible_play_hosts_all") or []
    forks = int(call.task_vars.get("ansible_forks") or 0)
    return checks.batches(context, len(targets), forks) if forks and targets and call.target == targets[0] else []


def _answer(findings: list[Finding], call: Call) -> dict[str, Any]:
    """All findings, doubts first as warnings, then every refusal in one message."""
    refusals = [one.text() for one in findings if one.refuses]
    doubts = [one.text() for one in findings if not one.refuses]
    for text in doubts:
        call.say(f"doubt: {text}")
    told = [{"check": one.check, "level": one.level, "variable": one.variable} for one in findings][:20]
    if not refusals:
        return {"changed": False, "findings": told}
    for text in refusals[1:]:
        call.say(f"refused: {text}")
    more = f" (and {len(refusals) - 1} more, listed above)" if len(refusals) > 1 else ""
    raise Refused(f"{refusals[0]}{more}")
