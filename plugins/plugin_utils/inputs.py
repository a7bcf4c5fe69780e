# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people write, looked at before anything is done: every variable of every role, and the command line.

Ansible itself looks at the arguments of a role when it comes to it, which is in the middle of a release, and turns a
text into a number on the way. Here all roles are looked at first, a text is no number, and a name that no role
declares is a mistake.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.parsing.dataloader import DataLoader

from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import (
    Finding,
    did_you_mean,
    refuse,
    show,
    wrong,
)
from ansible_collections.releng.runbooks.plugins.plugin_utils.inputs_command_line import (
    command_line_problems,
    limit_problems,
)
from ansible_collections.releng.runbooks.plugins.plugin_utils.inputs_origin import origin
from ansible_collections.releng.runbooks.plugins.plugin_utils.plain import plain

__all__ = ["Inputs", "RoleInputs", "command_line_problems", "limit_problems", "origin", "role_inputs", "validate"]

NAME = "inputs"
ROLES = Path(os.path.realpath(__file__)).parents[2] / "roles"

MASK = "********"

Template = Callable[[dict[str, Any], Any], Any]


@dataclasses.dataclass(frozen=True)
class RoleInputs:
    """What a role declares. ``options``: name -> its specification, of all entry points; ``defaults``: templates."""

    role: str
    options: dict[str, dict[str, Any]]
    defaults: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Inputs:
    """``variables``: templated, those without a problem. ``origins``: variable -> ``file:line``, as far as known.

    ``secrets``: names whose values are never shown.
    """

    variables: dict[str, Any]
    problems: list[Finding]
    origins: dict[str, str]
    secrets: frozenset[str]


def role_names() -> list[str]:
    """Every role of this collection that declares something."""
    return sorted(path.parents[1].name for path in ROLES.glob("*/meta/argument_specs.yml"))


@functools.cache
def role_inputs(role: str) -> RoleInputs:
    """What the role declares in its argument specification and its defaults.

    :raises FileNotFoundError: there is no such role, or it has no specification
    """
    specs = _load(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    options: dict[str, dict[str, Any]] = {}
    for entry in specs.values():
        options.update(entry.get("options") or {})
    defaults = ROLES / role / "defaults" / "main.yml"
    return RoleInputs(role, options, dict(_load(defaults) or {}) if defaults.exists() else {})


def validate(roles: Iterable[str], task_vars: Mapping[str, Any], template: Template) -> Inputs:
    """Every variable that ``roles`` declare, templated and checked; nothing is converted but a whole number into text.

    :param template: ``template(variables, value)`` gives the value with its expressions computed
    """
    listed = [role_inputs(role) for role in roles]
    options = {name: spec for each in listed for name, spec in each.options.items()}
    defaults = {name: value for each in listed for name, value in each.defaults.items()}
    known = {**defaults, **task_vars}
    keys = {str(key): key for key in (*defaults, *task_vars)}  # a key knows where it was written, too
    secrets = frozenset(name for name, spec in options.items() if spec.get("no_log"))
    variables: dict[str, Any] = {}
    origins: dict[str, str] = {}
    missing: set[str] = set()  # what was named already: variables that are made of others fail with them
    problems = _unknown(listed, task_vars)
    for name, spec in options.items():
        if name not in known:
            problems += [_required(name, spec)] if spec.get("required") else []
            continue
        where = origin(known[name]) or origin(keys[name])
        try:
            value = template(known, known[name])
            where = origin(value) or where  # of what it refers to, where it only passes something on
            origins.update(_origins(name, value, where))
            value = plain(value)
        except AnsibleError as error:
            if (said := _said(error, name in secrets)) not in missing:
                problems.append(_not_computed(name, where, error, said))
            missing.add(said)
            continue
        found = list(_checked(name, value, spec, where))
        problems += found
        if not found:
            variables[name] = _as_declared(value, spec)
    return Inputs(variables, problems, origins, secrets)


# What was written under a name that nobody reads --------------------------------------------------------------------


def _unknown(listed: Iterable[RoleInputs], task_vars: Mapping[str, Any]) -> list[Finding]:
    prefixes = tuple({f"{each.role}_" for each in listed})
    declared = {name for role in role_names() for name in role_inputs(role).options}
    found = []
    for name, value in task_vars.items():
        if name.startswith(prefixes) and name not in declared:
            where = origin(name) or origin(value)
            set_in = f" (set in {where})" if where else ""
            hint = did_you_mean(name, declared)
            near = sorted(one for one in declared if one.startswith(name.partition("_")[0]))
            message = f"No role has a variable {name}{set_in}{hint}; there are {', '.join(near)}."
            found.append(refuse(NAME, message, variable=str(name), origin=where))
    return found


def _required(name: str, spec: Mapping[str, Any]) -> Finding:
    return refuse(NAME, f"{name} is not set; allowed: {_allowed(spec)}.", "Set it for this target.", variable=name)


def _said(error: AnsibleError, secret: bool) -> str:
    return type(error).__name__ if secret else " ".join(str(error.message).split()).rstrip(".")


def _not_computed(name: str, where: str, error: AnsibleError, said: str) -> Finding:
    set_in = f" (set in {where})" if where else ""
    doing = "needs a variable that is not set" if isinstance(error, AnsibleUndefinedVariable) else "cannot be computed"
    return refuse(NAME, f"{name}{set_in} {doing}: {said}.", variable=name, origin=where)


# What it is ---------------------------------------------------------------------------------------------------------


def _checked(name: str, value: Any, spec: Mapping[str, Any], where: str) -> Iterator[Finding]:
    shown = MASK if spec.get("no_log") else show(value)
    kind = str(spec.get("type", "str"))
    if value is None and not spec.get("required") and "default" not in spec:
        return
    if not _is(value, kind):
        yield wrong(NAME, name, shown, _allowed(spec), where, _remedy(name, value, kind))
        return
    elements = spec.get("elements")
    if kind == "list" and elements:
        for number, one in enumerate(value, 1):
            if not _is(one, elements):
                part = MASK if spec.get("no_log") else show(one)
                yield wrong(
                    NAME, name, shown, _allowed(spec), where, _remedy(name, one, elements),
                    hint=f", where item {number} is {part}",
                )  # fmt: skip
                return
    choices = spec.get("choices")
    if choices and value not in choices:
        hint = "" if spec.get("no_log") else did_you_mean(value, map(str, choices))
        yield wrong(NAME, name, shown, _allowed(spec), where, hint=hint)
        return
    yield from _inside(name, value, spec, where)


def _inside(name: str, value: Any, spec: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """What Ansible's own validation says, which knows nested options."""
    result = ArgumentSpecValidator({name: dict(spec)}).validate({name: value})
    secrets = set(result._no_log_values) | ({str(value)} if spec.get("no_log") else set())
    for text in result.error_messages:
        set_in = f" (set in {where})" if where else ""
        yield refuse(NAME, f"{name}{set_in}: {remove_values(text, secrets).rstrip('.')}.", variable=name, origin=where)


def _is(value: Any, kind: str) -> bool:
    """Whether ``value`` is of the kind, without any conversion: neither "10" nor true is a number."""
    if isinstance(value, bool):
        return kind in ("bool", "raw")
    kinds: dict[str, type[Any] | tuple[type[Any], ...]] = {
        "int": int, "float": (int, float), "bool": (), "list": list, "dict": Mapping,
        # A whole number reads the same as a text; 1.20 does not.
        "str": (str, int), "path": str, "raw": object, "bytes": (str, int), "bits": (str, int),
        "json": (str, Mapping, list), "jsonarg": (str, Mapping, list),
    }  # fmt: skip
    return isinstance(value, kinds.get(kind, object))


def _as_declared(value: Any, spec: Mapping[str, Any]) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if spec.get("type", "str") == "str" and number else value


_WORDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list", "dict": "a mapping",
    "str": "a text", "path": "a path",
}
_PLURALS = {"int": "whole numbers", "float": "numbers", "bool": "truth values", "str": "texts", "dict": "mappings"}


def _allowed(spec: Mapping[str, Any]) -> str:
    kind = str(spec.get("type", "str"))
    if spec.get("choices"):
        return ", ".join(map(str, spec["choices"]))
    elements = _PLURALS.get(str(spec.get("elements")), "")
    return f"{_WORDS.get(kind, kind)}{f' of {elements}' if elements else ''}"


def _remedy(name: str, value: Any, kind: str) -> str:
    if isinstance(value, str) and kind in ("int", "float", "bool", "list", "dict"):
        return f"Write it without quotes; on the command line as JSON: -e '{{\"{name}\": ...}}'."
    return "Quote it." if kind == "str" and isinstance(value, float) else ""


def _origins(name: str, value: Any, where: str) -> dict[str, str]:
    """Where the variable was set, and each entry of a mapping."""
    entries = value.items() if isinstance(value, Mapping) else ()
    found = {f"{name}.{key}": origin(one) or origin(key) or where for key, one in entries}
    return {key: text for key, text in {name: where, **found}.items() if text}


def _load(path: Path) -> Any:
    """A file of our own: what stands in it may be computed."""
    return DataLoader().load_from_file(str(path), cache="none", trusted_as_template=True)
