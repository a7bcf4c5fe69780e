"""The showcase of molecule, each promise on the real cluster under load."""
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal
from tests.red.harness import BIN, ROOT, Site

NAMES = sorted(path.parent.name for path in ROOT.glob("extensions/molecule/*/molecule.yml"))


def _test(site: Site, name: str) -> str:
    """`molecule test` of one scenario, with its state, journal and reports in the folder of the test."""
    done = subprocess.run(
        [str(BIN / "molecule"), "test", "--scenario-name", name], cwd=ROOT, check=False, text=True, timeout=240,
        env={**site.env, "PATH": f"{BIN}:{site.env['PATH']}", "MOLECULE_EPHEMERAL_DIRECTORY": str(site.place / name)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_promise(name: str, site: Site) -> None:
    with site.load() as counts:
        printed = _test(site, name)
    assert "failed=0" in printed and "missing=0" in printed, "a step whose playbook is missing is skipped"
    assert json.loads(counts.read_text())["lost"] == 0
    if name == "a_bad_version_is_taken_back":
        _as_the_document_tells(site.place / name / "journal.db")


def _as_the_document_tells(path: Path) -> None:
    """The release that docs/journal.md shows is this one: the same entries in the same order."""
    text = (ROOT / "docs/journal.md").read_text()
    (told,) = re.findall(r"```json\n(\[.*?\n\])\n```", text, flags=re.DOTALL)
    journal = Journal.open(f"sqlite:///{path}")
    (one,) = journal.releases()
    entries = journal.entries(one.record.release)
    assert [(entry.kind, sorted(entry.data)) for entry in entries] == [
        (entry["kind"], sorted(entry["data"])) for entry in json.loads(told)
    ]
    actions = [entry["action"] for entry in json.loads(told) if entry["kind"] == "intent"]
    assert [entry.action for entry in entries if entry.kind == "intent"] == actions
