# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as on-call reads it in a terminal: what is the matter, what was done, what to type next."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any

INDENT = "  "
# Stands for a space at which no line is broken; a control character that no text has.
KEPT = "\x1f"
# Where a table leaves less than this for its last column, that column goes below.
NARROW = 24
WORST_FIRST = ("FAIL", "ERROR", "NODATA", "INCONCLUSIVE")
# A word of a command line, quotes and all: commands are broken only between words.
_WORD = re.compile(r"(?:[^\s'\"]|'[^']*'|\"(?:\\.|[^\"\\])*\")+")

HEADLINES = {
    "released": "RELEASED",
    "taken_back": "TAKEN BACK",
    "partly": "PARTLY RELEASED",
    "stuck": "STUCK, a person is needed",
    "refused": "REFUSED",
    "unfinished": "UNFINISHED",
}
# Of one target, what needs a person most first: in this order they are told.
RESULTS = {
    "stuck": "STUCK",
    "": "NO RESULT YET",
    "taken_back": "TAKEN BACK",
    "refused": "REFUSED",
    "released": "RELEASED",
    "unchanged": "UNCHANGED",
}


def text(report: dict[str, Any], width: int = 100) -> str:
    """``report`` (see :func:`build`) in lines of at most ``width`` columns, with a newline at the end.

    Only a command line, which must stay fit to be pasted, may be wider: where a single word of it is.
    """
    targets = sorted(report["targets"], key=lambda target: list(RESULTS).index(target["result"]))
    blocks = [_head(report, width), *(_target(target, width) for target in targets), _tail(report, width)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(report: dict[str, Any], width: int) -> list[str]:
    versions = ", ".join(f"{service} {version}" for service, version in report["versions"].items())
    changed = any(target["steps"] or target["undo"] for target in report["targets"])
    nothing = ", nothing was changed" if report["verdict"] == "refused" and not changed else ""
    title = " · ".join(part for part in (HEADLINES[report["verdict"]] + nothing, versions, _count(report)) if part)
    when = report["started"][:19].replace("T", " ")
    took = f"took {duration(report['seconds'])}" if report["seconds"] is not None else ""
    took = took if report["ended"] else "not ended"
    inventory = f"inventory {report['inventory']}" if report["inventory"] else ""
    facts = [f"{report['procedure']} {report['release']}", f"by {report['by']}", f"{when} UTC", took, inventory]
    lines = [*_wrap(title, width), *_wrap(" · ".join(fact for fact in facts if fact), width)]
    if report["reason"]:
        lines += _wrap(report["reason"], width, "why: ")
    return lines


def _count(report: dict[str, Any]) -> str:
    """How many targets ended how, where they did not all end alike."""
    results = [target["result"] for target in report["targets"]]
    if len(set(results)) < 2:
        return f"{len(results)} targets" if len(results) > 1 else ""
    counted = {words: results.count(result) for result, words in RESULTS.items() if result in results}
    return ", ".join(f"{count} {words.lower()}" for words, count in counted.items())


def _target(target: dict[str, Any], width: int) -> list[str]:
    versions = " → ".join(version for version in (target["from"], target["to"]) if version)
    named = f"{target['service']} {versions}".strip()
    phase = f"in phase {target['phase']}" if target["phase"] and target["result"] in ("", "stuck") else ""
    title = [target["target"], named, RESULTS[target["result"]], phase]
    lines = _wrap(" · ".join(part for part in title if part), width)
    if target["reason"] and not _told_by_findings(target):
        lines += _wrap(target["reason"], width, INDENT)
    lines += _findings(target["findings"], width)
    lines += _table([*target["steps"], *({**step, "stage": "undo"} for step in target["undo"])], width)
    lines += _probes(target["probes"], width)
    if target["next_command"]:
        lines += _command(target["next_command"], width, f"{INDENT}next:    ")
    for number, command in enumerate(target["by_hand"]):
        lines += _command(command, width, f"{INDENT}{'by hand:' if number == 0 else '        '} ")
    return lines


def _told_by_findings(target: dict[str, Any]) -> bool:
    return any(finding["message"] and finding["message"] in target["reason"] for finding in target["findings"])


def _findings(findings: Iterable[dict[str, str]], width: int) -> list[str]:
    lines: list[str] = []
    for finding in findings:
        label = "refused" if finding["level"] == "refuse" else finding["level"] or "found"
        message = " ".join(part for part in (finding["message"], finding["remedy"]) if part)
        lines += _wrap(message, width, f"{INDENT}{label + ':':<9}")
    return lines


def _probes(probes: Iterable[dict[str, str]], width: int) -> list[str]:
    """The last answer of each probe: bad ones in a line of their own, good ones counted."""
    latest = {probe["name"]: probe for probe in probes}
    bad = [probe for probe in latest.values() if probe["status"] != "healthy"]
    lines: list[str] = []
    for probe in bad:
        told = " · ".join(part for part in (f"{probe['name']} {probe['status']}", probe["text"]) if part)
        lines += _wrap(told, width, f"{INDENT}probe:   ")
    if len(latest) > len(bad):
        lines += [f"{INDENT}probes:  {len(latest) - len(bad)} of {len(latest)} healthy"]
    return lines


def _table(steps: list[dict[str, Any]], width: int) -> list[str]:
    """One line a step: time, duration, stage, what, verdict, why. What does not fit goes on below, nothing is lost."""
    rows = [
        (step["at"][11:19], duration(step["seconds"]), step["stage"], _what(step), step["verdict"], _why(step))
        for step in steps
    ]
    if not rows:
        return []
    at, took, stage, what, verdict = (max(len(row[column]) for row in rows) for column in range(5))
    what = min(what, max(NARROW, width // 3))
    left = len(INDENT) + at + took + 4
    beside = width - left - stage - what - verdict - 6
    lines: list[str] = []
    for row in rows:
        head = f"{INDENT}{row[0]:<{at}}  {row[1]:>{took}}"
        if beside >= NARROW:
            columns = [_wrap(row[2], stage), _wrap(row[3], what), _wrap(row[4], verdict), _wrap(row[5], beside)]
            lines += _side_by_side(head, columns, [stage, what, verdict, beside])
        else:
            lines += _wrap(" · ".join(part for part in row[2:4] if part), width, f"{head}  {row[4]:<{verdict}}  ")
            lines += _wrap(row[5], width, " " * left) if row[5] else []
    return lines


def _side_by_side(head: str, columns: list[list[str]], widths: list[int]) -> list[str]:
    lines = []
    for number in range(max(len(column) for column in columns)):
        cells = [column[number] if number < len(column) else "" for column in columns]
        padded = "  ".join(f"{cell:<{wide}}" for cell, wide in zip(cells, widths, strict=True))
        lines.append(f"{head if number == 0 else ' ' * len(head)}  {padded}".rstrip())
    return lines


def _what(step: dict[str, Any]) -> str:
    """The action, its share unless the action names it, and the share that was measured."""
    parts = [step["action"]]
    if step["share"] is not None and percent(step["share"]) not in step["action"]:
        parts.append(percent(step["share"]))
    if step["measured"] is not None:
        parts.append(f"(measured {percent(step['measured'])})")
    return " ".join(part for part in parts if part)


def _why(step: dict[str, Any]) -> str:
    """The gates that decided: for a PASS all of them, else those that say the worst."""
    if step["verdict"] == "open":
        return "no result: whoever did this was killed, or is still at it"
    for verdict in (*WORST_FIRST, "PASS"):
        told = [str(gate["text"] or gate["name"]) for gate in step["gates"] if gate["verdict"] == verdict]
        if told:
            return " · ".join(told)
    return str(step["text"])


def _tail(report: dict[str, Any], width: int) -> list[str]:
    lines: list[str] = []
    checked = report["validation"]
    if checked:
        asked = {"bids": checked["bid_processing"], "database": checked["database_connectivity"]}
        said = [f"{name} {'fine' if answer else 'FAILED'}" for name, answer in asked.items() if answer is not None]
        lines += _wrap(" · ".join([f"validation {checked['overall_status']}", *said]), width)
    for problem in report["journal"]["problems"]:
        lines += _wrap(problem, width, "JOURNAL DAMAGED: ")
    return lines


def _command(command: str, width: int, label: str) -> list[str]:
    """A command line that can be pasted: broken between words only, an option stays with its value."""
    lines, line = [], label
    for number, word in enumerate(_options(_WORD.findall(command))):
        if number and len(line) + 1 + len(word) + 2 > width:
            lines.append(f"{line} \\")
            line = " " * (len(label) + 2) + word
        else:
            line += f" {word}" if number else word
    return [*lines, line]


def _options(words: list[str]) -> list[str]:
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else ""
        if before.startswith("-") and " " not in before and "=" not in before and not word.startswith("-"):
            joined[-1] = f"{before} {word}"
        else:
            joined.append(word)
    return joined


def _wrap(content: str, width: int, label: str = "") -> list[str]:
    """Lines of ``content``; parts between ``·`` stay in one piece where they fit."""
    room = width - len(label)
    parts = [
        part.replace(" ", KEPT) if len(part) + 2 <= room else part for part in " ".join(content.split()).split(" · ")
    ]
    below = " " * len(label)
    lines = textwrap.wrap(
        f"{KEPT}· ".join(parts), width, initial_indent=label, subsequent_indent=below, break_on_hyphens=False
    )
    return [line.replace(KEPT, " ") for line in lines] or [label.rstrip()]


def percent(value: float) -> str:
    """``10 %``, ``9.6 %``"""
    return f"{round(float(value), 1):g} %"


def duration(seconds: float | None) -> str:
    """``0.2 s``, ``60 s``, ``1 min 48 s``, ``2 h 05 min``; "" where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{round(seconds, 1):g} s"
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
