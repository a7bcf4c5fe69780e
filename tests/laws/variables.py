"""Which variables are declared, made and used: read from the templates, without running them."""
from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta

from tests.laws import tree

# Keywords whose value is an expression without braces.
BARE = ("when", "changed_when", "failed_when", "until", "that")

# What Ansible itself puts into every template; names that begin with ansible_ are its own as well.
MAGIC = frozenset({
    "group_names", "groups", "hostvars", "inventory_dir", "inventory_file", "inventory_hostname",
    "inventory_hostname_short", "item", "lookup", "now", "omit", "play_hosts", "playbook_dir", "q", "query",
    "role_name", "role_path", "undef", "environment", "vars",
})  # fmt: skip


class _Anything(dict[str, Any]):
    """Filters and tests of collections are known to Ansible only; here their names are never in question."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, str)

    def __contains__(self, key: object) -> bool:
        return True


_JINJA = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
_JINJA.filters, _JINJA.tests = _Anything(_JINJA.filters), _Anything(_JINJA.tests)


def is_template(value: Any) -> bool:
    """Whether a value, or something in it, is computed when it is used."""
    if isinstance(value, dict):
        return any(is_template(inner) for inner in value.values())
    if isinstance(value, list):
        return any(is_template(inner) for inner in value)
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def names_in(value: Any, bare: bool = False) -> Iterator[str]:
    """The variables that a value of a YAML file refers to; `bare` for expressions without braces."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from names_in(key)
            yield from names_in(inner, bare=key in BARE)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner, bare)
    elif isinstance(value, str) and (bare or is_template(value)):
        text = value if is_template(value) else "{{ " + value + " }}"
        yield from jinja2.meta.find_undeclared_variables(_JINJA.parse(text)) - set(_JINJA.globals)


def _local(task: dict[str, Any]) -> set[str]:
    """Names that exist only for this task and what stands inside it."""
    control = task.get("loop_control") or {}
    loop = {control[key] for key in ("loop_var", "index_var") if control.get(key)}
    return set(task.get("vars") or {}) | loop


def _used(tasks: list[dict[str, Any]] | None, local: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names that tasks use, without those that only exist inside them."""
    for task in tasks or []:
        here = local | _local(task)
        own = {key: value for key, value in task.items() if key not in tree.NESTED}
        yield from (name for name in names_in(own) if name not in here)
        for section in tree.NESTED:
            yield from _used(task.get(section), here)


def used_in(role: Path) -> Iterator[tuple[Path, str]]:
    """File and name for each use of a variable in a role."""
    for path in tree.under(f"roles/{role.name}"):
        part = path.relative_to(role).parts[0]
        if part in ("tasks", "handlers"):
            yield from ((path, name) for name in _used(tree.load(path)))
        elif part in ("defaults", "vars"):
            yield from ((path, name) for name in names_in(tree.load(path)))
        elif path.suffix == ".j2":
            yield from ((path, name) for name in names_in(path.read_text()))


def used_in_playbooks() -> Iterator[tuple[Path, str]]:
    """File and name for each use of a variable in a playbook, where nothing registered in it says what it is."""
    for path in tree.playbooks():
        for play in tree.plays(path):
            made = {task.data["register"] for task in tree.play_tasks(play, path) if "register" in task.data}
            local = frozenset(play.get("vars") or {}) | made
            own = {key: value for key, value in play.items() if not key.endswith("tasks")}
            yield from ((path, name) for name in names_in(own) if name not in local)
            for part in ("pre_tasks", "tasks", "post_tasks"):
                yield from ((path, name) for name in _used(play.get(part), local))


@functools.cache
def declared() -> frozenset[str]:
    """All variables that defaults or an argument specification of some role declare."""
    names: set[str] = set()
    for role in tree.roles():
        for path in tree.under(f"roles/{role.name}", "*.yml"):
            match path.relative_to(role).parts[0], path.stem:
                case "defaults" | "vars", _:
                    names |= set(tree.load(path) or {})
                case "meta", "argument_specs":
                    for spec in tree.load(path)["argument_specs"].values():
                        names |= set(spec.get("options") or {})
    return frozenset(names)


def made_in(role: Path) -> frozenset[str]:
    """What the tasks of a role register or set, and the names that its callers and loops hand in as `__<role>_`."""
    names: set[str] = set()
    for path in tree.task_files():
        for task in tree.walk(tree.load(path), path):
            if tree.role_of(path) == role.name:
                names |= {task.data["register"]} if "register" in task.data else set()
                names |= set(task.arguments) if task.module == "set_fact" else set()
            # A loop variable and `vars` of an include reach into the file that is included.
            names |= {name for name in _local(task.data) if re.match(rf"__{role.name}_", name)}
    return frozenset(names)


def set_in_inventories() -> Iterator[tuple[Path, str]]:
    """File and name of each variable that an inventory sets, in files of variables or among its hosts."""
    for path in tree.under("inventories", "*.yml"):
        if {"group_vars", "host_vars"} & set(path.parts):
            yield from ((path, name) for name in tree.load(path) or {})
        else:
            yield from ((path, name) for name in _in_groups(tree.load(path)))


def _in_groups(groups: dict[str, Any] | None) -> Iterator[str]:
    for group in (groups or {}).values():
        yield from (group or {}).get("vars") or {}
        for host in ((group or {}).get("hosts") or {}).values():
            yield from host or {}
        yield from _in_groups((group or {}).get("children"))
