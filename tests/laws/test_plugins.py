"""Doors, modules and what they share: each kept small, in its place, and known everywhere by one list."""
from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from tests.laws import tree

MODULE_CODE, FILE_LINES, LINE = 60, 400, 120
HEADER = (
    "# Copyright (c) 2026, the releng.runbooks authors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
OURS = "ansible_collections.releng.runbooks.plugins"
# May be taken out and used without Ansible: in a notebook, in a service of one's own.
PURE = ("plugins/module_utils/analysis", "plugins/module_utils/journal")

PLUGINS = [path for path in tree.under("plugins", "*.py") if path.stat().st_size]
EVERY = pytest.mark.parametrize("path", PLUGINS, ids=tree.name_of)


def _stems(folder: str) -> set[str]:
    return {path.stem for path in tree.under(folder, "*.py")} - {"__init__"}


def _imports(path: Path) -> list[tuple[ast.stmt, str]]:
    """Each import statement of a file with the full names of what it imports."""
    found: list[tuple[ast.stmt, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [(node, f"{module}.{alias.name}") for alias in node.names]
    return found


def _guarded(path: Path) -> set[ast.stmt]:
    """The statements that may fail: those in a `try`, in a function, or only for the type checker."""
    found: set[ast.stmt] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Try | ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            found |= {inner for inner in ast.walk(node) if isinstance(inner, ast.stmt)}
    return found


@EVERY
def test_its_licence_stands_at_the_top(path: Path) -> None:
    assert path.read_text().startswith(HEADER)


@EVERY
def test_it_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)) or "DOCUMENTATION" in text


@EVERY
def test_it_is_not_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= FILE_LINES


@EVERY
def test_it_imports_by_full_name(path: Path) -> None:
    """A relative import breaks in the archive that Ansible sends to another host."""
    assert not [name for _, name in _imports(path) if name.startswith(".")]


@EVERY
def test_other_peoples_libraries_may_be_missing(path: Path) -> None:
    """A missing import at the top of an action file would end the whole run without a rescue."""
    known = sys.stdlib_module_names | {"ansible", "ansible_collections", "__future__"}
    guarded = {(node.lineno, node.col_offset) for node in _guarded(path)}
    bare = [
        name
        for node, name in _imports(path)
        if name.split(".")[0] not in known and (node.lineno, node.col_offset) not in guarded
    ]
    assert not bare


@EVERY
def test_libraries_are_those_that_requirements_name(path: Path) -> None:
    known = sys.stdlib_module_names | {"ansible", "ansible_collections", "__future__"} | set(libraries.REQUIREMENTS)
    # kubernetes and requests bring urllib3.
    assert not [name for _, name in _imports(path) if name.split(".")[0] not in known | {"urllib3"}]


@pytest.mark.parametrize("folder", PURE)
def test_the_pure_parts_know_nothing_of_ansible(folder: str) -> None:
    own = tuple(f"{OURS}.module_utils.{name}" for name in ("analysis", "journal", "errors", "libraries", "poll"))
    wrong = [
        f"{tree.name_of(path)}: {name}"
        for path in tree.under(folder, "*.py")
        for _, name in _imports(path)
        if name.split(".")[0] == "ansible" or (name.startswith("ansible_collections") and not name.startswith(own))
    ]
    assert not wrong


@pytest.mark.parametrize("path", tree.under("plugins/modules", "*.py"), ids=tree.name_of)
def test_a_module_is_a_sentence(path: Path) -> None:
    lines = tree.code_lines(path.read_text())
    assert len(lines) <= MODULE_CODE, f"{len(lines)} lines of code"


@pytest.mark.parametrize("path", tree.under("plugins/modules", "*.py"), ids=tree.name_of)
def test_a_module_is_documented(path: Path) -> None:
    text = path.read_text()
    documentation, examples, returned = (_constant(text, name) for name in ("DOCUMENTATION", "EXAMPLES", "RETURN"))
    assert documentation["module"] == path.stem
    assert {"check_mode", "diff_mode"} <= set(documentation.get("attributes") or {}), "say what --check and --diff do"
    assert returned, "say what comes back"
    used = [key for task in examples for key in task if key.startswith("releng.runbooks.")]
    assert f"releng.runbooks.{path.stem}" in used, "an example calls it by its full name"


def test_every_door_is_documented_by_a_module_of_its_name() -> None:
    """`ansible-doc` finds an action plugin only through its module."""
    assert _stems("plugins/action") <= _stems("plugins/modules")


def test_the_action_group_names_every_door() -> None:
    listed = tree.load(tree.ROOT / "meta/runtime.yml")["action_groups"]["release"]
    assert listed == sorted(_stems("plugins/action")), "keep meta/runtime.yml sorted, one line a door"


def test_every_filter_and_test_has_its_documentation_beside_it() -> None:
    for kind in ("filter", "test"):
        offered = set()
        for path in tree.under(f"plugins/{kind}", "*.py"):
            module = importlib.import_module(f"{OURS}.{kind}.{path.stem}")
            plugin = module.FilterModule().filters() if kind == "filter" else module.TestModule().tests()
            offered |= set(plugin)
        described = {path.stem for path in tree.under(f"plugins/{kind}", "*.yml")}
        assert offered == described, kind


def test_registries_and_the_choices_that_people_see_are_equal() -> None:
    """Registry of classes -> the options, in modules and roles, that choose among them."""
    for module, registry, pattern in [
        ("traffic", "PROVIDERS", r".*traffic_provider"),
        ("metrics", "PROVIDERS", r".*metrics?_provider"),
    ]:
        if not (tree.ROOT / f"plugins/module_utils/{module}/__init__.py").exists():
            pytest.skip(f"no registry in {module} yet")
        classes = getattr(importlib.import_module(f"{OURS}.module_utils.{module}"), registry)
        assert all(name == cls.NAME for name, cls in classes.items())
        for where, name, option in _options():
            if re.fullmatch(pattern, name) and option.get("type", "str") == "str":
                assert option.get("choices") == sorted(classes), f"{where}: {name}"


def test_strategies_and_the_choices_that_people_see_are_equal() -> None:
    """A strategy is a tasks file of that name: each that can be chosen is there."""
    for where, name, option in _options():
        if not name.endswith("_strategy"):
            continue
        choices = option.get("choices") or []
        assert choices and choices == sorted(choices), where
        files = {path.stem for path in tree.task_files()}
        assert set(choices) <= files, f"{where}: no tasks file for {set(choices) - files}"


def test_the_libraries_that_are_asked_for_are_those_that_are_installed() -> None:
    lines = (tree.ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "ansible-core"))]
    assert wanted == list(libraries.REQUIREMENTS.values())


def _constant(text: str, name: str) -> Any:
    """The YAML that a module keeps in a constant of that name."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return tree.yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"no {name}")


def _options() -> list[tuple[str, str, dict[str, Any]]]:
    """Place, name and description of every option of every role and module."""
    found = []
    for role in tree.roles():
        specs = role / "meta/argument_specs.yml"
        for entry in (tree.load(specs)["argument_specs"] if specs.exists() else {}).values():
            found += [(tree.name_of(specs), name, option) for name, option in (entry.get("options") or {}).items()]
    for path in tree.under("plugins/modules", "*.py"):
        options = _constant(path.read_text(), "DOCUMENTATION").get("options") or {}
        found += [(tree.name_of(path), name, option) for name, option in options.items()]
    return found
