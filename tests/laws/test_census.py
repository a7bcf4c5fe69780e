"""The other laws look at whatever there is. This one sees to it that there is something to look at."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.laws import tree


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("a playbook", tree.playbooks),
        ("a changing play", tree.changing_plays),
        ("a role", tree.roles),
        ("a task file", tree.task_files),
        ("a door", lambda: tree.under("plugins/action", "*.py")),
        ("a module", lambda: tree.under("plugins/modules", "*.py")),
        ("a unit test", lambda: tree.under("tests/unit", "test_*.py")),
        ("a decision", lambda: tree.under("docs/decisions", "[0-9]*.md")),
    ],
)
def test_there_is_at_least(what: str, found: Callable[[], object]) -> None:
    if not tree.roles():
        pytest.skip("there are no roles yet")
    assert found(), f"no law has {what} to look at: was it renamed or moved?"


def test_the_reader_finds_what_is_hidden_deep(tmp_path: Path) -> None:
    """The laws are worth what the walk below them finds."""
    path = tmp_path / "x.yml"
    path.write_text(
        "- name: Outer\n"
        "  block:\n"
        "    - name: Inner\n"
        "      ansible.builtin.include_role: {name: releng.runbooks.promote}\n"
        "  rescue:\n"
        "    - name: Deep\n"
        "      block:\n"
        "        - name: Deepest\n"
        "          ansible.builtin.assert: {that: !unsafe 'x'}\n"
    )
    found = [(task.name, task.module, task.role, task.inside) for task in tree.walk(tree.load(path), path)]
    assert found == [
        ("Outer", "", "", ()),
        ("Inner", "include_role", "promote", ("block",)),
        ("Deep", "", "", ("rescue",)),
        ("Deepest", "assert", "", ("rescue", "block")),
    ]


def test_lines_of_documentation_are_not_counted_as_code() -> None:
    text = (
        '# Copyright\n"""About\n\nit."""\nDOCUMENTATION = r"""\nmodule: x\n"""\n\n'
        "import os\n# why\nRETURN = '''\nx:\n'''\nprint(os)\n"
    )
    assert tree.code_lines(text) == ["import os", "print(os)"]
