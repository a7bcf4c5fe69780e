# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as data, built from the journal. Its shape is a promise to programs; docs/journal.md describes it.

::

    {"release", "procedure", "by", "started", "inventory", "versions", "reason", "command": as in the journal's record,
     "ended": ISO 8601 or "" while a target has no result, "seconds": from start to end or None,
     "verdict": released | taken_back | partly | stuck | refused | unfinished,
     "targets": [{
        "target", "service", "from", "to",             versions, "" where nobody said
        "result": released | unchanged | taken_back | stuck | refused | "" (no result yet),
        "phase": last one named, "reason",
        "steps": [{"stage", "action", "share": % or None, "measured": % or None,
                   "verdict": of gates, or done | failed | open,
                   "gates": [{"name", "verdict", "value", "limit", "text"}],
                   "text", "seconds": float or None, "at": when it began}],
        "undo": [the same, of stage rollback],
        "findings": [{"level", "check", "message", "remedy"}],
        "probes": [{"name", "of", "status", "text"}],
        "next_command": str, "by_hand": [str]}],
     "validation": see validation(), or None without probes,
     "journal": {"entries": int, "heads": {writer: hash}, "problems": [str]}}
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.journal import Entry, Journal, ReleaseRecord
from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import END, INTENT, RESULT, iso
from ansible_collections.releng.runbooks.plugins.module_utils.report.validation import validation

ROLLBACK = "rollback"
RELEASED, TAKEN_BACK, PARTLY, STUCK, REFUSED, UNFINISHED = (
    "released", "taken_back", "partly", "stuck", "refused", "unfinished",
)
GATE_KEYS = ("name", "verdict", "value", "limit", "text")
# Results of one target that leave nothing to be done by anybody.
FINE = ("released", "unchanged")


def build(journal: Journal, release: str) -> dict[str, Any]:
    """The report of ``release`` as of now.

    :raises NotFound: the journal does not know it
    """
    record = journal.release(release)
    entries = journal.entries(release)
    names = [*record.targets, *(entry.target for entry in entries if entry.target)]
    targets = [
        _target(record, name, [entry for entry in entries if entry.target == name]) for name in dict.fromkeys(names)
    ]
    verdict = _verdict([target["result"] for target in targets])
    finished = all(target["result"] for target in targets)
    ended = max((entry.at for entry in entries if entry.kind == END), default="") if finished else ""
    probes = [{**entry.data, "target": entry.target} for entry in entries if entry.kind == "probe"]
    return {
        "release": record.release,
        "procedure": record.procedure,
        "by": record.by,
        "started": record.started,
        "ended": ended,
        "seconds": _seconds(record.started, ended),
        "inventory": record.inventory,
        "versions": record.versions,
        "reason": record.reason,
        "command": record.command,
        "verdict": verdict,
        "targets": targets,
        "validation": validation(probes, entries[-1].at) if probes else None,
        "journal": {
            "entries": len(entries),
            "heads": journal.heads(release),
            "problems": journal.verify(release),
        },
    }


def _verdict(results: Sequence[str]) -> str:
    """Of all targets together: what needs a person most comes first."""
    kinds = set(results)
    if "stuck" in kinds:
        return STUCK
    if not kinds or "" in kinds:
        return UNFINISHED
    if kinds <= set(FINE):
        return RELEASED
    if kinds == {"refused"}:
        return REFUSED
    return TAKEN_BACK if kinds <= {"taken_back", "refused"} else PARTLY


def _target(record: ReleaseRecord, name: str, entries: Sequence[Entry]) -> dict[str, Any]:
    service = _first(entries, "service") or (next(iter(record.versions)) if len(record.versions) == 1 else "")
    end = next((entry.data for entry in reversed(entries) if entry.kind == END), {})
    result = str(end.get("result", ""))
    steps = _steps(entries)
    findings = [_finding(entry.data) for entry in entries if entry.kind == "finding"]
    return {
        "target": name,
        "service": service,
        "from": _first(entries, "from"),
        "to": _first(entries, "to") or record.versions.get(service, ""),
        "result": result,
        "phase": _last(entries, "phase"),
        "reason": str(end.get("reason") or _verdict_text(entries) or _refusals(findings)),
        "steps": [step for step in steps if step["stage"] != ROLLBACK],
        "undo": [step for step in steps if step["stage"] == ROLLBACK],
        "findings": findings,
        "probes": [_probe(entry.data) for entry in entries if entry.kind == "probe"],
        "next_command": _last(entries, "next_command") or ("" if result in FINE else _status_command(record, name)),
        "by_hand": _by_hand(entries),
    }


def _steps(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What was done, in order: step notes, and intents that no step note speaks of (same stage and action).

    An intent without a result is always there: nobody knows how far it came.
    """
    results = {entry.intent: entry for entry in entries if entry.kind == RESULT}
    told = {(entry.stage, str(entry.data.get("action", ""))) for entry in entries if entry.kind == "step"}
    steps = []
    for entry in entries:
        if entry.kind == "step":
            steps.append(_step(entry))
        elif entry.kind == INTENT and (entry.id not in results or (entry.stage, entry.action) not in told):
            steps.append(_change(entry, results.get(entry.id)))
    return steps


def _step(entry: Entry) -> dict[str, Any]:
    data = entry.data
    seconds = data.get("seconds")
    return {
        "stage": str(data.get("stage") or entry.stage),
        "action": str(data.get("action", "")),
        "share": data.get("share"),
        "measured": data.get("measured"),
        "verdict": str(data.get("verdict", "")),
        "gates": [{key: gate.get(key) for key in GATE_KEYS} for gate in data.get("gates") or []],
        "text": str(data.get("text", "")),
        "seconds": seconds,
        "at": str(data.get("at") or _earlier(entry.at, seconds)),
    }


def _change(intent: Entry, result: Entry | None) -> dict[str, Any]:
    data = result.data if result else {}
    return {
        "stage": intent.stage,
        "action": intent.action,
        "share": None,
        "measured": None,
        "verdict": "open" if result is None else "done" if result.ok else "failed",
        "gates": [],
        "text": str(data.get("text") or data.get("error") or data.get("reason") or ""),
        "seconds": data.get("seconds", _seconds(intent.at, result.at) if result else None),
        "at": intent.at,
    }


def _finding(data: dict[str, Any]) -> dict[str, str]:
    return {key: str(data.get(key, "")) for key in ("level", "check", "message", "remedy")}


def _refusals(findings: Iterable[dict[str, str]]) -> str:
    return " ".join(finding["message"] for finding in findings if finding["level"] == "refuse")


def _probe(data: dict[str, Any]) -> dict[str, str]:
    failed = [str(text) for text in data.get("failed_expectations") or []]
    told = [str(data["error"])] if data.get("error") else failed
    if not told and data.get("status_code"):
        told = [f"status {data['status_code']}"]
    return {
        "name": str(data.get("name", "")),
        "of": str(data.get("of") or "service"),
        "status": str(data.get("status", "")),
        "text": "; ".join(told),
    }


def _verdict_text(entries: Sequence[Entry]) -> str:
    told = [entry.data for entry in entries if entry.kind == "verdict"]
    return str(told[-1].get("text") or told[-1].get("reason") or "") if told else ""


def _by_hand(entries: Sequence[Entry]) -> list[str]:
    """Commands of the last such note: the way back changes with the phase."""
    told = [entry.data for entry in entries if entry.kind == "by_hand"]
    return [str(command) for command in told[-1].get("commands") or []] if told else []


def _first(entries: Iterable[Entry], key: str) -> str:
    """The snapshot says it first, and what comes later is about something else."""
    return next((str(entry.data[key]) for entry in entries if _says(entry, key)), "")


def _last(entries: Sequence[Entry], key: str) -> str:
    return next((str(entry.data[key]) for entry in reversed(entries) if _says(entry, key)), "")


def _says(entry: Entry, key: str) -> bool:
    return isinstance(entry.data.get(key), str) and bool(entry.data[key])


def _status_command(record: ReleaseRecord, target: str) -> str:
    inventory = f" -i {shlex.quote(record.inventory)}" if record.inventory else ""
    return f"ansible-playbook playbooks/status.yml{inventory} --limit {shlex.quote(target)}"


def _earlier(at: str, seconds: float | None) -> str:
    """A step is noted when it has ended."""
    return iso(datetime.datetime.fromisoformat(at) - datetime.timedelta(seconds=seconds or 0))


def _seconds(start: str, end: str) -> float | None:
    try:
        begun, ended = datetime.datetime.fromisoformat(start), datetime.datetime.fromisoformat(end)
        return round((ended - begun).total_seconds(), 3)
    except (ValueError, TypeError):  # not a time, or one without a zone
        return None
