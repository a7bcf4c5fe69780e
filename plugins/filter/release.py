# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes part, who goes on and how it ended: decisions over all targets that a playbook reads by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleFilterError

from ansible_collections.releng.runbooks.plugins.module_utils.release import choice
from ansible_collections.releng.runbooks.plugins.plugin_utils import inputs

WAVE = "wave_"
# Fates that keep the others from going on.
BAD = frozenset({"refused", "failed", "taken_back", "stuck"})


def whole_run(groups: Mapping[str, list[str]], pattern: str = "all") -> str:
    """``pattern``, unless the command line would run only a part of the procedure.

    Play patterns are templated before anything runs, whatever the tags. So this is where a misspelt limit or tag,
    which would otherwise run nothing and report success, is refused.
    """
    given = context.CLIARGS or {}
    problems = inputs.command_line_problems(given)
    problems += inputs.limit_problems(given.get("subset"), groups.get("all", []), groups)
    if problems:
        raise AnsibleFilterError(" ".join(problems))
    return pattern


def in_release(hostvars: Mapping[str, Any], host: str) -> bool:
    """Whether this release names the service of ``host``. Where it names no service of any target, everybody takes
    part, so that the checks refuse it with a sentence."""
    return _named(hostvars, host) or not any(_named(hostvars, each) for each in hostvars)


def going(groups: Mapping[str, list[str]]) -> str:
    """The pattern of the targets that passed the checks, wave by wave; one that matches nobody where none did."""
    return ":".join(_waves(groups)) or "all:!all"


def wave_sizes(groups: Mapping[str, list[str]]) -> list[int]:
    """How many targets each wave has, for ``serial``."""
    return [len(groups[name]) for name in _waves(groups)] or [1]


def fate(hostvars: Mapping[str, Any], host: str) -> str:
    """How it ended for ``host``; ``refused`` where it never began because somebody else failed."""
    return str(hostvars[host].get("__mark_fate") or "refused")


def fate_reason(hostvars: Mapping[str, Any], host: str) -> str:
    """Why it ended so, in one line that begins with the fate."""
    reason = str(hostvars[host].get("__mark_reason") or "everything is as it was before")
    if "__mark_fate" not in hostvars[host]:
        reason = _not_begun(hostvars, host)
    return f"{fate(hostvars, host).replace('_', ' ')}: {reason}"


def _not_begun(hostvars: Mapping[str, Any], host: str) -> str:
    """In a rollback what its choice said, with the command that goes on from there: that others went back is no
    failure. In a release who failed before."""
    if told := (hostvars[host].get("__rollback_chosen") or {}).get("told"):
        return str(told)
    others = sorted(each for each in hostvars if hostvars[each].get("__mark_fate") in BAD)
    return f"not begun, because {', '.join(others)} failed" if others else "there was nothing to do here"


def stands_aside(hostvars: Mapping[str, Any], host: str) -> bool:
    """Whether ``host`` does not go on: its fate is known already, or a target of this run has failed."""
    return "__mark_fate" in hostvars[host] or any(hostvars[each].get("__mark_fate") in BAD for each in hostvars)


def went_back(hostvars: Mapping[str, Any], host: str) -> bool:
    """Whether a rollback ended well for ``host``: taken back, or no part in what others took back."""
    if "__mark_fate" in hostvars[host]:
        return fate(hostvars, host) == "taken_back"
    return any(hostvars[each].get("__mark_fate") == "taken_back" for each in hostvars)


def newest_release(hostvars: Mapping[str, Any], hosts: list[str]) -> str:
    """Id of the newest release that had to do with one of ``hosts``, by what each found on its cluster."""
    found = [(hostvars[host].get("__rollback_standing") or {}).get("latest") or {} for host in hosts]
    return choice.newest(one for one in found if one)


def failure_reason(result: Mapping[str, Any]) -> str:
    """Why a task failed, in one line: the message of the first item that failed, where it was a loop."""
    failed = [one for one in result.get("results") or [] if isinstance(one, Mapping) and one.get("failed")]
    message = str((failed[0] if failed else result).get("msg") or "no reason was given")
    return " ".join(message.split())[:400]


def _named(hostvars: Mapping[str, Any], host: str) -> bool:
    versions = hostvars[host].get("release_versions")
    return isinstance(versions, Mapping) and hostvars[host].get("release_service", host) in versions


def _waves(groups: Mapping[str, list[str]]) -> list[str]:
    """Names of the groups that the checks made, in order of their numbers; databases are wave 0."""
    made = [name for name in groups if name.startswith(WAVE) and name[len(WAVE) :].isdigit() and groups[name]]
    return sorted(made, key=lambda name: int(name[len(WAVE) :]))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "failure_reason": failure_reason, "fate": fate, "fate_reason": fate_reason, "going": going,
            "in_release": in_release, "newest_release": newest_release, "stands_aside": stands_aside,
            "wave_sizes": wave_sizes, "went_back": went_back, "whole_run": whole_run,
        }  # fmt: skip
