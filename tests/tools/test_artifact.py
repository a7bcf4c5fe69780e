"""The archive: what is in it, what Galaxy would say to it, and that it runs from anywhere once installed."""
from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.laws import tree
from tests.tools.commands import run

# Everything else at the top of a clone is for working on the collection, not for using it.
SHIPPED = {
    "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "bindep.txt", "changelogs", "collections",
    "docs", "extensions", "inventories", "meta", "playbooks", "plugins", "requirements.txt", "roles", "tests",
}  # fmt: skip
PLAYBOOKS = pytest.mark.parametrize("name", [path.stem for path in tree.playbooks()])


def test_it_holds_what_is_used_and_nothing_else(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        members = archive.getmembers()
    assert {member.name.split("/")[0] for member in members} <= SHIPPED
    assert not [member.name for member in members if member.issym() or member.islnk()]
    names = {member.name for member in members if member.isfile()}
    assert {name for name in names if name.startswith("tests/")} == {"tests/config.yml"}
    for folder in ("plugins", "roles", "playbooks", "meta"):
        missing = {tree.name_of(path) for path in tree.under(folder)} - names
        assert not missing


def test_galaxy_would_take_it(artifact: Path, tmp_path: Path) -> None:
    settings = tmp_path / "importer.cfg"
    settings.write_text("[galaxy-importer]\nRUN_ANSIBLE_TEST = False\nRUN_ANSIBLE_LINT = False\nRUN_FLAKE8 = False\n"
                        "CHECK_REQUIRED_TAGS = False\nOFFLINE_ANSIBLE_LINT = True\n")  # fmt: skip
    printed = run(
        "python", "-m", "galaxy_importer.main", artifact, cwd=tmp_path, seconds=300,
        GALAXY_IMPORTER_CONFIG=str(settings), HOME=str(tmp_path),
    )  # fmt: skip
    assert "Importer processing completed successfully" in printed
    assert not [line for line in printed.splitlines() if line.startswith(("ERROR", "WARNING"))]


@PLAYBOOKS
def test_it_runs_by_its_full_name(name: str, installed: Path, tmp_path: Path) -> None:
    """From another folder, without our ansible.cfg, with an inventory that has no target."""
    for switch in ("--syntax-check", "--list-tasks"):
        printed = run(
            "ansible-playbook", f"releng.runbooks.{name}", "-i", "localhost,", switch,
            cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=str(installed),
        )  # fmt: skip
        assert "ERROR" not in printed
