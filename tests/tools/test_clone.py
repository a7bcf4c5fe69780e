"""A clone runs as it is: from its root, from inside playbooks/, from elsewhere, with a space in its path."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.laws import tree
from tests.tools import commands, documentation
from tests.tools.commands import run

PLAYBOOKS = pytest.mark.parametrize("name", [path.name for path in tree.playbooks()])


@PLAYBOOKS
@pytest.mark.parametrize("place", ["", "playbooks", "/"])
def test_it_runs_from(place: str, name: str, clone: Path) -> None:
    folder = clone / place
    path = os.path.relpath(clone / "playbooks" / name, folder) if place != "/" else clone / "playbooks" / name
    printed = run("ansible-playbook", path, "--syntax-check", "-i", clone / "inventories/lab", cwd=folder)
    assert "playbook: " in printed
    assert "ERROR" not in printed


def test_the_clone_wins_over_an_installed_copy(tmp_path: Path) -> None:
    """An older version may be installed on the same machine: the role that runs is the one in the clone."""
    clone = commands.copy_clone(tmp_path / "clone")
    for root, task in ((clone, "Ours"), (tmp_path / "ansible_collections/releng/runbooks", "Stale")):
        (root / "roles/which/tasks").mkdir(parents=True)
        (root / "roles/which/tasks/main.yml").write_text(f"- name: {task}\n  ansible.builtin.meta: noop\n")
    book = clone / "playbooks/which.yml"
    book.write_text("- name: Which\n  hosts: all\n  roles: [releng.runbooks.which]\n")
    for folder in (clone, clone / "playbooks", tmp_path):
        printed = run(
            "ansible-playbook", book, "--list-tasks", "-i", "localhost,", cwd=folder,
            ANSIBLE_COLLECTIONS_PATH=str(tmp_path),
        )
        assert "Ours" in printed
        assert "Stale" not in printed


def test_every_plugin_and_role_is_documented(clone: Path) -> None:
    """What `make docs` prints. An option of a role without a description is an error to ansible-doc."""
    for kind, names in documentation.names().items():
        printed = run(*documentation.command(kind, names), cwd=clone)
        for name in names:
            assert name.upper() in printed.upper(), f"{kind} {name}"
        assert "ERROR" not in printed
