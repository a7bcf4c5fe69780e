"""What is said twice is said alike: versions, dependencies, floors, names of targets and documents."""
from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.laws import tree

GALAXY = tree.load(tree.ROOT / "galaxy.yml")


def _text(name: str) -> str:
    return (tree.ROOT / name).read_text()


def test_dependencies_are_those_that_awx_installs() -> None:
    listed = tree.load(tree.ROOT / "collections/requirements.yml")["collections"]
    assert {entry["name"]: entry["version"] for entry in listed} == GALAXY["dependencies"]


def test_every_dependency_is_used() -> None:
    used = {key.rsplit(".", 1)[0] for task in tree.all_tasks() for key in task.data if key.count(".") == 2}
    assert set(GALAXY["dependencies"]) == used - {"ansible.builtin", "releng.runbooks"}


def test_the_floor_of_ansible_is_one() -> None:
    floor = re.search(r"^ansible-core(>=\S+)$", _text("requirements.txt"), flags=re.MULTILINE)
    assert floor
    assert tree.load(tree.ROOT / "meta/runtime.yml")["requires_ansible"] == floor[1]
    pinned = re.search(r"^ansible-core==(\S+)$", _text("constraints.txt"), flags=re.MULTILINE)
    assert pinned
    assert pinned[1].split(".")[:2] == floor[1].removeprefix(">=").split(".")[:2], "test what the floor promises"


def test_the_floor_of_python_is_one() -> None:
    settings = tomllib.loads(_text("pyproject.toml"))["tool"]
    floor = settings["mypy"]["python_version"]
    assert settings["ruff"]["target-version"] == "py" + floor.replace(".", "")
    assert tree.load(tree.ROOT / "tests/config.yml")["modules"]["python_requires"] == f">={floor}"
    assert f"Python {floor}" in _text("README.md")


def test_every_requirement_is_pinned() -> None:
    pinned = {line.split("==")[0].lower() for line in _text("constraints.txt").splitlines() if "==" in line}
    for name in ("requirements.txt", "requirements-dev.txt"):
        wanted = re.findall(r"^([A-Za-z][\w.-]*)[=>]=", _text(name), flags=re.MULTILINE)
        assert {each.lower() for each in wanted} <= pinned
    developers = [line for line in _text("requirements-dev.txt").splitlines() if line and line[0] not in "#-"]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in developers)


def test_what_execution_environments_read_exists() -> None:
    named = tree.load(tree.ROOT / "meta/execution-environment.yml")["dependencies"].values()
    assert all((tree.ROOT / name).is_file() for name in named)


def test_the_clone_is_a_collection() -> None:
    link = tree.ROOT / f"playbooks/collections/ansible_collections/{GALAXY['namespace']}/{GALAXY['name']}"
    assert link.is_symlink()
    assert link.resolve() == tree.ROOT
    assert "playbooks/collections" in GALAXY["build_ignore"]


def test_targets_of_make_say_what_they_do() -> None:
    text = _text("Makefile")
    rules = set(re.findall(r"^([a-z-]+):", text, flags=re.MULTILINE))
    assert rules == set(re.findall(r"^([a-z-]+):.*## \w", text, flags=re.MULTILINE))
    assert rules == set(re.findall(r"^\.PHONY: ([a-z-]+)$", text, flags=re.MULTILINE))


def test_documents_name_only_targets_that_exist() -> None:
    rules = set(re.findall(r"^([a-z-]+):", _text("Makefile"), flags=re.MULTILINE))
    for path in _documents():
        named = set(re.findall(r"`make ([a-z-]+)", path.read_text()))
        assert named <= rules, tree.name_of(path)


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in _documents():
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{tree.name_of(path)}: {target}")
    assert not broken


def test_the_index_of_documents_is_complete() -> None:
    index = _text("docs/README.md")
    for path in tree.under("docs", "*.md"):
        if path.name != "README.md":
            assert f"({path.relative_to(tree.ROOT / 'docs')})" in index, tree.name_of(path)


@pytest.mark.parametrize("path", tree.under("docs/decisions", "[0-9]*.md"), ids=lambda path: path.stem)
def test_a_decision_says_why(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text(), flags=re.MULTILINE)
    assert headings == ["Question", "Decision", "Reasons", "What it costs", "When to look again"]


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [path.name[:4] for path in tree.under("docs/decisions", "[0-9]*.md")]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_coverage_names_tests_that_exist() -> None:
    """`docs/coverage.md`: one row for each demand, which a test shows or which is open."""
    rows = re.findall(r"^\| ([BKEA]-\d\d) \|(.*)\|(.*)\|$", _text("docs/coverage.md"), flags=re.MULTILINE)
    numbers = [number for number, _, _ in rows]
    assert len(numbers) == len(set(numbers))
    for number, demand, shown in rows:
        assert len(demand.split()) > 4, f"{number}: one sentence"
        for reference in re.findall(r"`(tests/[^`]+)`", shown):
            path, _, name = reference.partition("::")
            assert (tree.ROOT / path).exists(), f"{number}: {path}"
            assert f"def {name}(" in _text(path) if name else True, f"{number}: {reference}"
        assert "`tests/" in shown or "open" in shown, f"{number}: a test, or the word open"


def _documents() -> list[Path]:
    return [path for path in tree.files() if path.suffix == ".md"]
