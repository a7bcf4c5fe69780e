"""The project in the forms in which people get it: as a clone, as an artifact, installed. Each is made once."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import commands


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in a folder with a space in its name."""
    return commands.copy_clone(tmp_path_factory.mktemp("a clone") / "release runbooks")


@pytest.fixture(scope="session")
def artifact(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that `make build` makes."""
    folder = tmp_path_factory.mktemp("artifact")
    commands.run("ansible-galaxy", "collection", "build", "--output-path", folder, cwd=clone)
    (found,) = folder.glob("releng-runbooks-*.tar.gz")
    return found


@pytest.fixture(scope="session")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of collections into which the archive was installed, without asking any server."""
    folder = tmp_path_factory.mktemp("installed")
    commands.run("ansible-galaxy", "collection", "install", artifact, "-p", folder, "--offline", cwd=folder)
    return folder
