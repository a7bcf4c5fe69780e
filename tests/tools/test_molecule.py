"""The showcase: every scenario is read by molecule, is short, and is a promise that its README makes."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.laws import tree
from tests.tools.commands import run

FOLDER = tree.ROOT / "extensions/molecule"
SCENARIOS = sorted(path.parent for path in tree.under("extensions/molecule", "molecule.yml"))
NAMES = [path.name for path in SCENARIOS]
MOST, LINES = 6, 40


def test_every_folder_is_a_promise_that_is_documented() -> None:
    promised = re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(), flags=re.MULTILINE)
    assert sorted(promised) == NAMES
    assert 0 < len(NAMES) <= MOST
    assert all(len(name.split("_")) > 3 for name in NAMES), "a name is a sentence"


def test_molecule_reads_them_all(tmp_path: Path) -> None:
    """Their shape is checked by molecule's own schema while it lists them."""
    printed = run("molecule", "list", "--format", "plain", cwd=tree.ROOT, HOME=str(tmp_path), COLUMNS="200")
    assert [name for name in NAMES if name not in printed] == []
    assert "default" in printed


@pytest.mark.parametrize("name", NAMES)
def test_its_playbooks_are_well_formed(name: str, tmp_path: Path) -> None:
    printed = run(
        "molecule", "syntax", "--scenario-name", name, cwd=tree.ROOT, MOLECULE_EPHEMERAL_DIRECTORY=str(tmp_path)
    )
    assert "successful=1" in printed and "failed=0" in printed


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda path: path.name)
def test_it_can_be_read_in_a_minute(folder: Path) -> None:
    files = [path for path in tree.files() if path.parent == folder]
    assert {"molecule.yml", "converge.yml", "verify.yml"} <= {path.name for path in files}
    assert sum(len(path.read_text().splitlines()) for path in files) <= LINES
    sequence = {**tree.load(FOLDER / "config.yml"), **(tree.load(folder / "molecule.yml") or {})}.get("scenario", {})
    steps = set(sequence["test_sequence"]) - {"syntax", "check"} | {"converge"}
    assert steps <= {path.stem for path in files}, "a step without its playbook is skipped silently"


def test_nothing_stands_there_twice() -> None:
    """What two scenarios share lies in shared/: no play of theirs has more than a task of its own."""
    plays = [play for path in SCENARIOS for each in path.glob("*.yml") if each.name != "molecule.yml"
             for play in yaml.safe_load(each.read_text())]  # fmt: skip
    assert plays
    assert all(len(play.get("tasks", [])) <= 1 for play in plays)
