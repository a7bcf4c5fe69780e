"""Linters and the type checker, as `make lint` runs them. None of them has a list of exceptions."""
from __future__ import annotations

from tests.laws import tree
from tests.tools.commands import run


def test_ruff() -> None:
    run("ruff", "check", ".", cwd=tree.ROOT)


def test_mypy() -> None:
    run("mypy", cwd=tree.ROOT, seconds=300)


def test_yamllint() -> None:
    run("yamllint", "--strict", ".", cwd=tree.ROOT)


def test_ansible_lint() -> None:
    """Profile production; what is skipped, or only warned of, would stand in the output."""
    collections = str(tree.ROOT / "playbooks/collections")
    printed = run(
        "ansible-lint", "--offline", "--nocolor", cwd=tree.ROOT, seconds=300, ANSIBLE_COLLECTIONS_PATH=collections
    )
    assert "Passed: 0 failure(s), 0 warning(s)" in printed
    assert "profile: production" in printed.lower() or "'production'" in printed


def test_nothing_is_excused() -> None:
    """A comment that switches a rule off for a line has to name the rule, and none is for a rule of Ansible's."""
    config = tree.load(tree.ROOT / ".ansible-lint")
    assert not {"skip_list", "warn_list", "exclude_rules"} & set(config)
    excused = [
        f"{tree.name_of(path)}:{number}"
        for path in tree.files()
        if path.suffix in (".py", ".yml") and not path.is_relative_to(tree.ROOT / "tests/tools")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "# noqa" in line and "# noqa: " not in line
    ]
    assert not excused
    assert not tree.under("tests/sanity")
