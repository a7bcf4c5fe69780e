"""Budgets and forbidden words of tasks, in roles and playbooks alike."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.laws import tree

LINES, TASKS = 60, 10

# Keyword -> what it does to a release.
FORBIDDEN_KEYWORDS = {
    "ignore_errors": "hides what failed",
    "ignore_unreachable": "hides what failed",
    "run_once": "when it fails in a block, only the first target goes on and the others are in no later play",
    "any_errors_fatal": "ends targets that are well, and templated it is always true",
    "max_fail_percentage": "ends targets that are well",
}
FORBIDDEN_MODULES = {
    "shell": "takes text that somebody else wrote as a program",
    "raw": "takes text that somebody else wrote as a program",
    "pause": "waits on a guess, and its prompt goes on by itself without a terminal",
    "debug": "prints, where the name of a task or the report says it",
    "k8s_rollback": "may apply the pod template of another application",
}


def _everything() -> list[dict[str, Any]]:
    """Plays and tasks."""
    return [play for path in tree.playbooks() for play in tree.plays(path)] + [task.data for task in tree.all_tasks()]


@pytest.mark.parametrize("path", tree.task_files(), ids=tree.name_of)
def test_a_task_file_is_short(path: Path) -> None:
    tasks = [task for task in tree.walk(tree.load(path), path) if not task.is_block]
    assert tasks, "nothing in it"
    assert len(tasks) <= TASKS
    assert len(path.read_text().splitlines()) <= LINES


@pytest.mark.parametrize("keyword", FORBIDDEN_KEYWORDS)
def test_nowhere(keyword: str) -> None:
    found = [data.get("name") for data in _everything() if keyword in data]
    assert not found, f"`{keyword}` {FORBIDDEN_KEYWORDS[keyword]}"


@pytest.mark.parametrize("module", FORBIDDEN_MODULES)
def test_never_used(module: str) -> None:
    found = [str(task) for task in tree.all_tasks() if task.module == module]
    assert not found, f"`{module}` {FORBIDDEN_MODULES[module]}"


def test_facts_are_set_only_by_the_role_that_owns_them() -> None:
    wrong = []
    for task in tree.all_tasks():
        if task.module != "set_fact":
            continue
        names = [name for name in task.arguments if name != "cacheable"]
        in_role = task.path.is_relative_to(tree.ROOT / "roles")
        own = f"__{tree.role_of(task.path)}_" if in_role else "no fact is set in a playbook"
        wrong += [f"{task}: {name}" for name in names if not name.startswith(own)]
    assert not wrong


def test_what_a_role_registers_carries_its_name() -> None:
    wrong = []
    for task in tree.role_tasks():
        names = [task.data.get("register"), (task.data.get("loop_control") or {}).get("loop_var")]
        own = f"__{tree.role_of(task.path)}_"
        wrong += [f"{task}: {name}" for name in names if name and not name.startswith(own)]
    assert not wrong


def test_defaults_stand_in_defaults() -> None:
    """`default(` in a task is a second place that says what a variable is when nobody sets it."""
    pattern = re.compile(r"\|\s*(?:ansible\.builtin\.)?(?:default|d)\s*(?:\(|\b)")
    wrong = [
        f"{tree.name_of(path)}:{number}"
        for path in [*tree.playbooks(), *tree.under("roles", "*.yml"), *tree.under("roles", "*.j2")]
        if "defaults" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not wrong


def test_entry_points_are_named_without_extension() -> None:
    """`tasks_from: x.yml` silently skips the argument specification of x."""
    wrong = [
        str(task)
        for task in tree.all_tasks()
        if task.module in tree.INCLUDES and str(task.arguments.get("tasks_from", "")).endswith((".yml", ".yaml"))
    ]
    assert not wrong


def test_names_of_tasks_and_plays_are_fixed() -> None:
    """A templated name shows the value of the first target for all of them."""
    assert not [data.get("name") for data in _everything() if "{{" in str(data.get("name", ""))]


def test_our_roles_are_called_by_their_full_name() -> None:
    """A short name is looked for among the roles beside the playbook first, and may be somebody else's."""
    names = [str(task.arguments["name"]) for task in tree.all_tasks() if task.module in tree.INCLUDES]
    assert not [name for name in names if not name.startswith(("releng.runbooks.", "{{"))]


def test_the_roles_that_are_called_exist() -> None:
    there = {path.name for path in tree.roles()}
    called = {task.role for task in tree.all_tasks() if task.role and "{{" not in task.role}
    assert called <= there
