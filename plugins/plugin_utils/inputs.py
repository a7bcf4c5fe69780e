# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of a procedure: variables of its roles, checked strictly, and the command line.

Ansible checks a role's arguments when the role begins, which may be in the middle of a release, and turns "10" into 10
on the way. Here everything is checked before anything begins, and a text is no number.
"""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import (
    Finding,
    did_you_mean,
    refuse,
    show,
    wrong,
)

ROLES = Path(__file__).resolve().parent.parent.parent / "roles"
NAME = "inputs"
_STRICT: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (int, float), "bool": (bool,), "list": (list, tuple), "dict": (Mapping,), "str": (str,),
}


@dataclasses.dataclass(frozen=True)
class Inputs:
    """``variables``: templated, of all roles. ``origins``: variable -> ``file:line``. ``secrets``: never shown."""

    variables: dict[str, Any]
    origins: dict[str, str]
    secrets: list[str]
    problems: list[Finding]


def validate(
    roles: Iterable[str], task_vars: Mapping[str, Any], template: Callable[[dict[str, Any], Any], Any]
) -> Inputs:
    """Template and check every variable that ``roles`` declare.

    :param template: ``(variables, value) -> value``
    """
    options, defaults = _declared(roles)
    available = {**defaults, **task_vars}
    variables: dict[str, Any] = {}
    problems = _unknown(roles, options, task_vars)
    origins = {name: origin(available[name]) for name in options if name in available}
    for name, option in options.items():
        if name not in available:
            if option.get("required"):
                problems.append(refuse(NAME, f"{name} is not set: {option['description']}", variable=name))
            continue
        try:
            variables[name] = _plain(template(available, available[name]))
        except AnsibleError as error:
            said = " ".join(str(error.message).split())
            problems.append(refuse(NAME, f"{name}{_at(origins[name])} cannot be computed: {said}", variable=name))
            continue
        problems += _typed(name, option, variables[name], origins[name])
    return Inputs(variables, origins, [name for name, one in options.items() if one.get("no_log")], problems)


def command_line_problems(given: Mapping[str, Any]) -> list[str]:
    """What on the command line would run only a part of a procedure."""
    problems = []
    tags = [tag for tag in given.get("tags") or () if tag != "all"]
    if tags:
        problems.append(f"--tags {','.join(tags)} is not possible: a procedure runs as a whole.")
    if given.get("skip_tags"):
        problems.append(f"--skip-tags {','.join(given['skip_tags'])} is not possible: a procedure runs as a whole.")
    if given.get("start_at_task"):
        problems.append(
            f"--start-at-task '{given['start_at_task']}' is not possible: what comes before it holds the lock and "
            "knows the way back."
        )
    if given.get("step"):
        problems.append("--step is not possible: a release that waits for a key loses its lock.")
    return problems


def limit_problems(subset: str | None, hosts: Iterable[str], groups: Iterable[str]) -> list[str]:
    """Every part of ``--limit`` that matches nothing in the inventory."""
    known = sorted({*hosts, *groups})
    problems = []
    for part in re.split(r"[,:]", subset or ""):
        name = part.strip().lstrip("!&")
        if not name or name.startswith("@"):
            continue
        if name.startswith("~"):
            found = any(re.search(name[1:], each) for each in known)
        else:
            found = any(fnmatch.fnmatchcase(each, re.sub(r"\[[-\d:]*\]$", "", name)) for each in known)
        if not found:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            problems.append(f"--limit names '{name}', which is no host or group of this inventory{hint}.")
    return problems


def origin(value: Any) -> str:
    """``inventories/prod/group_vars/all/canary_shift.yml:3``, empty where Ansible does not tell."""
    try:
        from ansible._internal._datatag._tags import Origin
    except ImportError:  # not a public interface: another version may not have it
        return ""
    tag = Origin.get_tag(value)
    if tag is None:
        return ""
    path = str(tag.path or tag.description or "")
    if path.startswith("/"):
        path = os.path.relpath(path) if not os.path.relpath(path).startswith("../..") else path
    return f"{path}:{tag.line_num}" if tag.line_num else path


def _declared(roles: Iterable[str]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Option -> its specification, and the defaults, of all entry points of all roles."""
    options: dict[str, dict[str, Any]] = {}
    defaults: dict[str, Any] = {}
    for role in roles:
        with open(ROLES / role / "meta" / "argument_specs.yml", encoding="utf-8") as handle:
            for spec in yaml.safe_load(handle)["argument_specs"].values():
                options.update(spec.get("options") or {})
        with open(ROLES / role / "defaults" / "main.yml", encoding="utf-8") as handle:
            defaults.update(_trusted(yaml.safe_load(handle) or {}))
    return options, defaults


def _trusted(value: Any) -> Any:
    """Our own defaults may be templates; Ansible asks for a mark on every text that is one."""
    try:
        from ansible.template import trust_as_template
    except ImportError:
        return value
    if isinstance(value, dict):
        return {key: _trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_trusted(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) else value


def _unknown(roles: Iterable[str], options: Iterable[str], task_vars: Mapping[str, Any]) -> list[Finding]:
    """Variables that begin like those of a role and that it does not have: misspelt, they would do nothing."""
    prefixes = tuple(f"{role}_" for role in roles)
    found = []
    for name in sorted(task_vars):
        if name.startswith(prefixes) and name not in options:
            said = f"is not a variable of any role{did_you_mean(name, options)}"
            found.append(refuse(NAME, f"{name}{_at(origin(task_vars[name]))} {said}.", variable=name))
    return found


def _typed(name: str, option: Mapping[str, Any], value: Any, where: str) -> list[Finding]:
    kind = option["type"]
    if value is None or (kind in _STRICT and _is(value, kind)):
        return _validated(name, option, value, where)
    shown = "********" if option.get("no_log") else show(value)
    hint = ", which is a text" if isinstance(value, str) else ""
    return [wrong(NAME, name, shown, f"{kind}: {option['description']}", where, hint=hint)]


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _STRICT[kind]) and (kind == "bool" or not isinstance(value, bool))


def _validated(name: str, option: Mapping[str, Any], value: Any, where: str) -> list[Finding]:
    """Choices, elements and what is nested, by Ansible's own validator."""
    if option.get("elements") == "int" and isinstance(value, list) and not all(_is(one, "int") for one in value):
        return [wrong(NAME, name, show(value), "whole numbers, not texts", where)]
    if option.get("choices") and value not in option["choices"]:
        hint = did_you_mean(value, option["choices"])
        return [wrong(NAME, name, show(value), ", ".join(option["choices"]), where, hint=hint)]
    plain = {key: option[key] for key in ("type", "elements", "options", "no_log") if key in option}
    result = ArgumentSpecValidator({name: plain}).validate({name: value})
    return [refuse(NAME, f"{name}{_at(where)}: {said}.", variable=name) for said in result.error_messages]


def _plain(value: Any) -> Any:
    """Without Ansible's tags and lazy containers, which other libraries stumble over."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return value if kind is bool else kind(value)
    return value


def _at(where: str) -> str:
    return f" (set in {where})" if where else ""
