"""A library that is missing is named with the command that gets it; the list is that of requirements.txt."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import MissingLibrary

ROOT = Path(__file__).parents[4]


def test_what_is_there_is_silently_accepted() -> None:
    libraries.require(*libraries.REQUIREMENTS)
    libraries.require()


def test_what_is_missing_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jmespath", None)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(MissingLibrary) as raised:
        libraries.require("yaml", "jmespath", "kubernetes")
    assert raised.value.message == f"Python library jmespath, kubernetes is missing for {sys.executable}."
    assert raised.value.remedy == (
        f"Install it: {sys.executable} -m pip install 'jmespath>=1.0.1' 'kubernetes>=31.0.0'"
    )


def test_the_list_is_that_of_the_requirements() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = {line.partition("#")[0].strip().lower() for line in lines} - {""}
    # Without ansible-core nothing of this would run far enough to say what is missing.
    wanted = {line for line in wanted if not line.startswith("ansible-core")}
    assert {text.lower() for text in libraries.REQUIREMENTS.values()} == wanted
