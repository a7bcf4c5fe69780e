# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would make a run only a part of itself: tags, a start in the middle, a limit that names nobody."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.inventory.manager import split_host_pattern

from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import did_you_mean

WHOLE = "A release runs as a whole, from its beginning; narrow it with --limit or with what it names."
_INDEX = re.compile(r"\[-?\d*(?:[:-]-?\d*)?\]$")


def command_line_problems(cliargs: Mapping[str, Any]) -> list[str]:
    """One sentence for each option that would leave steps out. :param cliargs: as ``ansible.context.CLIARGS``"""
    found = []
    tags = list(cliargs.get("tags") or [])
    if tags and tags != ["all"]:
        found.append(f"--tags {','.join(map(str, tags))} would leave steps out.")
    if skipped := list(cliargs.get("skip_tags") or []):
        found.append(f"--skip-tags {','.join(map(str, skipped))} would leave steps out.")
    if start := cliargs.get("start_at_task"):
        found.append(f"--start-at-task '{start}' would leave out the checks and the lock.")
    if cliargs.get("step"):
        found.append("--step asks before each task, while traffic and lock would not wait.")
    return [f"{text} {WHOLE}" for text in found]


def limit_problems(subset: str | Iterable[str] | None, hosts: Iterable[str], groups: Iterable[str]) -> list[str]:
    """One sentence for each part of ``--limit`` that matches nothing; Ansible takes the others and says nothing.

    :param subset: as given: ``a:b``, ``a,b``, ``!a``, ``&a``, ``web*``, ``~web.*``, ``a[0]``, ``@file``
    """
    names = sorted({*hosts, *groups, "all", "ungrouped"})
    return [problem for part in _parts(subset) if (problem := _problem(part, names))]


def _parts(subset: str | Iterable[str] | None) -> list[str]:
    if not subset:
        return []
    given = [subset] if isinstance(subset, str) else list(subset)
    return [part.strip() for text in given for part in split_host_pattern(text) if part.strip()]


def _problem(part: str, names: list[str]) -> str:
    if part.startswith("@"):
        return _in_file(part, names)
    pattern = part.lstrip("!&")
    if pattern.startswith("~"):
        try:
            matches = any(re.match(pattern[1:], name) for name in names)
        except re.error as error:
            return f"--limit {part} is no regular expression: {error}."
    else:
        wanted = {pattern, _INDEX.sub("", pattern)}
        matches = any(fnmatch.fnmatchcase(name, one) for name in names for one in wanted)
    if matches:
        return ""
    known = ", ".join(name for name in names if name not in ("all", "ungrouped"))
    return f"--limit {part} matches no target and no group{did_you_mean(pattern, names)}; there are {known}."


def _in_file(part: str, names: list[str]) -> str:
    path = os.path.expanduser(part[1:])
    try:
        with open(path, encoding="utf-8") as handle:
            lines = [line.strip() for line in handle if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        return f"--limit {part} cannot be read: {reason}."
    problems = [problem for line in lines for inner in _parts(line) if (problem := _problem(inner, names))]
    return " ".join(problems) if lines else f"--limit {part} is empty."
