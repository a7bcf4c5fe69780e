"""The newest ansible-core on the newest Python that is at hand: what the floor does, it has to do as well."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws import tree
from tests.tools import commands

NEWEST = "ansible-core==2.21.5"
PYTHONS = ((3, 14), (3, 13), (3, 12))
# What the tests themselves need; the libraries come from requirements.txt, as new as they are.
TESTERS = ("pytest", "pytest-timeout")


def _candidates(name: str) -> Iterator[str]:
    """Commands of that name: in PATH, and where pyenv keeps those that it does not put there."""
    if found := shutil.which(name):
        yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(path) for path in sorted(root.glob(f"versions/*/bin/{name}"), reverse=True))


def _interpreter() -> str:
    """The newest Python that answers and can make environments, or an empty string."""
    for version in PYTHONS:
        for path in _candidates("python{}.{}".format(*version)):
            asked = subprocess.run([path, "-c", "import ensurepip, venv"], check=False, capture_output=True)
            if asked.returncode == 0:
                return path
    return ""


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of an environment with the newest ansible-core."""
    found = _interpreter()
    if not found:
        pytest.skip(f"{NEWEST} needs Python 3.12 or newer with its venv module, and there is none")
    wanted = [NEWEST, *TESTERS]
    requirements = tree.ROOT / "requirements.txt"
    folder = commands.cache("newest", found, *wanted, requirements.read_text())
    made = folder / "complete"
    if not made.exists():
        commands.run(found, "-m", "venv", "--clear", folder / "venv", cwd=folder)
        commands.run(folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "-r", requirements, *wanted,
                     cwd=folder, seconds=300)  # fmt: skip
        made.touch()
    return folder / "venv/bin/python"


def test_units(python: Path) -> None:
    printed = commands.run(
        python, "-m", "pytest", "tests/unit", "-q", "-m", "not extended", "-p", "no:cacheprovider",
        cwd=tree.ROOT, seconds=300,
    )  # fmt: skip
    assert re.search(r"\b\d+ passed", printed)


@pytest.mark.parametrize("name", [path.name for path in tree.playbooks()])
def test_syntax(name: str, python: Path, clone: Path) -> None:
    """Not by the way around PATH: the command beside that interpreter."""
    command = python.parent / "ansible-playbook"
    printed = commands.run(command, f"playbooks/{name}", "--syntax-check", "-i", "inventories/lab", cwd=clone)
    assert "playbook: " in printed
