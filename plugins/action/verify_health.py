# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it healthy: pods, images, restarts, probes, logs and gates, each finding named; nothing is changed."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils import health, rollout
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.probes import Probe
from ansible_collections.releng.runbooks.plugins.module_utils.release.versions import Versions
from ansible_collections.releng.runbooks.plugins.module_utils.release.waiting import Waiting
from ansible_collections.releng.runbooks.plugins.module_utils.report import verified, write_validation
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import Hands, ReleaseDoor

STAGE = "verify_health"
SHOWN = 5  # problems in the message; all of them are in the report


class ActionModule(ReleaseDoor):
    OPEN = False
    OPTIONS: ClassVar[dict[str, Any]] = {
        "probes": {"type": "list", "elements": "dict", "default": []},
        "timeout": {"type": "float", "default": 60.0},
        "log_tail": {"type": "int", "default": 50},
        "log_patterns": {"type": "list", "elements": "str", "default": []},
        "log_ignore": {"type": "list", "elements": "str", "default": []},
        "record": {"type": "bool", "default": True},
    }

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        session = hands.session
        if params["record"]:
            session.resume()
        version, since = self._expected(params, hands)
        problems = [*self._pods(params, hands, version, since), *self._logs(params, hands)]
        results = self._probed(hands, params["probes"], version or Versions(session, "").before.version)
        problems += [self._told(one) for one in results if one["status"] != "healthy"]
        report = verified(results, session.clock.wall().isoformat(), hands.call.target, problems)
        for one in results if params["record"] else ():
            session.note(STAGE, "probe", one)
        ok = not problems
        if params["record"]:
            session.note(STAGE, "step", {
                "stage": STAGE, "action": "verify", "verdict": "PASS" if ok else "FAIL",
                "text": "; ".join(problems)[:500],
            })  # fmt: skip
        hands.call.say(f"healthy: {len(results)} probes, pods, images and logs are well" if ok else f"{problems[0]}")
        told = {"changed": False, "healthy": ok, "problems": problems[:SHOWN], "validation": report}
        if not params["record"] and not hands.call.check_mode:
            told["report"] = str(write_validation(report, hands.call.target, session.target.reports))
        if ok:
            return told
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return {**told, "failed": True, "msg": f"{hands.call.target} is not healthy: {problems[0].rstrip('.')}{more}."}

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        if params["record"]:
            return {"changed": False, "msg": f"would verify with {len(params['probes'])} probes"}
        return self.act(params, hands)

    @staticmethod
    def _expected(params: dict[str, Any], hands: Hands) -> tuple[str, datetime.datetime | None]:
        """The version that has to run, and when this release began: restarts before it are none of its business.

        On the way back it is the version before; undoing a finished release is a way forward to an older one.
        """
        state = hands.session.state
        if not params["record"] or state is None:
            return "", None
        side = state.before if state.direction == "back" and state.phase != "undoing" else state.after
        return side.version, datetime.datetime.fromisoformat(state.started)

    @staticmethod
    def _pods(params: dict[str, Any], hands: Hands, version: str, since: datetime.datetime | None) -> list[str]:
        session, target = hands.session, hands.session.target
        try:
            Waiting(session, hands.asked, hands.say).rolled_out(target.workload, params["timeout"])
        except Unreachable:
            raise
        except RunbookError as error:
            return [error.message]
        workload = session.kube.get("Deployment", target.workload, "apps/v1") or {"spec": {"selector": {}}}
        selector = rollout.selector_text(workload["spec"]["selector"])
        found = health.pods_healthy(session.kube, selector, version, since)
        return [one.text for one in found]

    @staticmethod
    def _logs(params: dict[str, Any], hands: Hands) -> list[str]:
        kube = hands.session.kube
        workload = kube.get("Deployment", hands.session.target.workload, "apps/v1")
        if not params["log_patterns"] or workload is None:
            return []
        selector = rollout.selector_text(workload["spec"]["selector"])
        found = health.scan_logs(kube, selector, params["log_tail"], params["log_patterns"], params["log_ignore"])
        return [one.text for one in found]

    @staticmethod
    def _probed(hands: Hands, probes: list[Probe], version: str) -> list[dict[str, Any]]:
        context = {"version": version, "target": hands.call.target}
        session = hands.session
        results = [health.probe(one, session.kube, context, session.clock) for one in probes]
        return [
            {
                "name": one.name, "of": one.of, "status": one.status, "status_code": one.status_code,
                "response_time": round(one.response_time, 4), "error": one.error,
                "failed_expectations": list(one.failed_expectations),
            }
            for one in results
        ]

    @staticmethod
    def _told(result: dict[str, Any]) -> str:
        why = result["error"] or "; ".join(result["failed_expectations"]) or f"status {result['status_code']}"
        return f"probe {result['name']} is {result['status']}: {why}"
