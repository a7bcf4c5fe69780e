"""Versions are compared number by number, and what cannot be asked is named."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.tools import check_tools, enough, parts
from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound
from tests.unit.plugins.module_utils.checks.world import World


@pytest.mark.parametrize(
    ("found", "minimum", "result"),
    [
        ("1.9", "1.28", False),
        ("1.28.0", "1.28", True),
        ("v1.28.3", "1.28.10", False),
        ("24.0.0", "24.0", True),
        ("24.0", "24.0.0", True),
        ("3.22.0", "4", False),
        ("2.20.0rc1", "2.19", True),
        ("Docker version 24.0.7, build afdd53b", "24.0", True),
        ("Client Version: v1.34.1\nKustomize Version: v5.7.1", "1.28", True),
        ("Terraform v1.5.0\non linux_amd64", "1.5.0", True),
        ("aws-cli 2.13.5 Python 3.11", "2.13", True),
    ],
)
def test_versions_are_numbers(found: str, minimum: str, result: bool) -> None:
    assert enough(parts(found) or (), parts(minimum) or ()) is result


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"helm": "4.0.0"}, "helm is 3.22.0; precheck_tools.helm asks for 4.0.0 or newer"),
        ({"helm": 3.2}, "precheck_tools.helm is 3.2"),
        ({"helm": "new"}, "a version as text"),
        ({"hlem": "3.0"}, "did you mean 'helm'?"),
        ({"python": "99.0"}, "asks for 99.0 or newer"),
        ({"ansible": "99.0"}, "ansible is 2."),
        (["helm"], "a mapping of tools to versions"),
    ],
)
def test_refused(world: World, wanted: Any, said: str) -> None:
    world.variables["precheck_tools"] = wanted
    (found,) = check_tools(world.context())
    assert found.refuses
    assert said in found.message


def test_all_that_is_there_is_fine(world: World) -> None:
    world.variables["precheck_tools"] = {
        "helm": "3.9.100", "python": "3.11", "ansible": "2.19", "kubernetes": "31", "jmespath": "1.0.1",
    }  # fmt: skip
    assert check_tools(world.context()) == []


def test_a_program_is_asked(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "aws"
    program.write_text("#!/bin/sh\necho aws-cli/2.9.1 Python/3.11 Linux\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    world.variables["precheck_tools"] = {"aws": "2.13", "docker": "24.0"}
    old, missing = check_tools(world.context())
    assert "aws is 2.9.1" in old.message
    assert "there is no program docker" in missing.message


def test_a_helm_that_is_missing_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise NotFound("There is no program 'helm'.")

    monkeypatch.setattr(world.helm, "version", fail)
    (found,) = check_tools(world.context())
    assert "helm cannot be asked: There is no program 'helm'." in found.message
