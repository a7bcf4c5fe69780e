"""A procedure is a playbook that can be read aloud, and that keeps its promises when something fails in it.

Most of these laws come from how Ansible really behaves: what each prevents stands beside it.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.laws import tree

LINES, STEPS = 110, 12
PLAYBOOKS = pytest.mark.parametrize("path", tree.playbooks(), ids=tree.name_of)


@PLAYBOOKS
def test_it_fits_on_a_page(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES
    for play in tree.plays(path):
        steps = [task for task in tree.play_tasks(play, path) if not task.is_block]
        assert len(steps) <= STEPS, f"{play['name']}: {len(steps)} steps"


@PLAYBOOKS
def test_it_can_be_called_by_its_full_name(path: Path) -> None:
    """A hyphen would make `ansible-playbook releng.runbooks.<name>` fail with "could not be found"."""
    assert path.stem.replace("_", "").isalnum() and path.stem.islower()


@PLAYBOOKS
def test_tags_skip_no_play(path: Path) -> None:
    """`--tags typo` runs nothing and reports success, unless each play says always."""
    missing = [play["name"] for play in tree.plays(path) if "always" not in _list(play.get("tags"))]
    assert not missing


@PLAYBOOKS
def test_changing_plays_let_each_target_go_its_own_way(path: Path) -> None:
    """Under the strategy linear, the rescue of a failed target waits for the slowest of its neighbours."""
    wrong = [
        play["name"]
        for play in tree.plays(path)
        if tree.is_changing(play, path) and play.get("strategy") not in ("free", "ansible.builtin.free")
    ]
    assert not wrong


@PLAYBOOKS
def test_what_changes_something_can_be_taken_back(path: Path) -> None:
    """Every task of a changing play that runs a changing role stands in a block with a rescue, or in a rescue."""
    loose = [
        str(task)
        for play in tree.plays(path)
        for task in tree.play_tasks(play, path)
        if task.role and not task.is_quiet and not task.inside
    ]
    assert not loose


@PLAYBOOKS
def test_checks_stand_outside_what_can_be_taken_back(path: Path) -> None:
    """Inside the block, a typing mistake in the input would start a rollback."""
    wrong = []
    for play in tree.plays(path):
        tasks = tree.play_tasks(play, path)
        if any(task.role in tree.WAYS_BACK and "rescue" in task.inside for task in tasks):
            wrong += [str(task) for task in tasks if task.role in tree.CHECKS and task.inside]
    assert not wrong


@PLAYBOOKS
def test_every_rescue_expects_to_fail_itself(path: Path) -> None:
    """When the rescue of the only target fails, no later play runs and nothing is recorded."""
    bare = []
    for play in tree.plays(path):
        if not tree.is_changing(play, path):
            continue
        for task in tree.play_tasks(play, path):
            if "rescue" in task.data and "rescue" not in task.inside:
                inner = [step for step in task.data["rescue"] if "block" in step and "rescue" in step]
                if not inner:
                    bare.append(str(task))
    assert not bare


@PLAYBOOKS
def test_whether_a_target_stands_aside_is_decided_once(path: Path) -> None:
    """A `when` on a block counts for each of its tasks: a target that marks itself failed would skip its rescue."""
    wrong = [
        str(task)
        for play in tree.plays(path)
        if tree.is_changing(play, path)
        for task in tree.play_tasks(play, path)
        if "rescue" in task.data and "when" in task.data
    ]
    assert not wrong


@PLAYBOOKS
def test_a_run_that_failed_ends_red(path: Path) -> None:
    """A rescue that succeeds makes the run green: the last play of a changing procedure ends with an assertion."""
    every = tree.plays(path)
    if any(tree.is_changing(play, path) for play in every):
        last = tree.play_tasks(every[-1], path)[-1]
        assert last.module == "assert" and not last.inside, f"the last task is {last}"


@PLAYBOOKS
def test_every_play_has_a_name_and_fetches_no_facts(path: Path) -> None:
    for play in tree.plays(path):
        assert play.get("name"), "a play without a name cannot be read aloud"
        assert play.get("gather_facts") is False, f"{play['name']}: facts cost a second and are not used"
        assert "roles" not in play, f"{play['name']}: `roles:` beside `tasks:` hides the order"


@PLAYBOOKS
def test_siblings_are_imported_by_path(path: Path) -> None:
    """By their full name they are only found when the collection is installed."""
    named = [play.get("ansible.builtin.import_playbook") for play in tree.load(path)]
    assert all(name is None or (name.endswith(".yml") and "/" not in name) for name in named)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
