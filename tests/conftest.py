"""What all tests share: the folder decides marks and time limits, and there is one cluster for all of them."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAB = (sys.executable, "-m", "lab")

# Folder under tests/ -> marks, and seconds after which a test counts as hung. What a fixture needs does not count:
# the first test that asks for the lab may have to build it.
FOLDERS: dict[str, tuple[list[str], int]] = {
    "unit": ([], 60),
    "laws": ([], 60),
    "tools": (["tools"], 420),
    "lab": (["lab"], 600),
    "red": (["lab", "red"], 420),
}


# Unit tests that start ansible-playbook: right, and not for the minute between two changes.
COMMANDS = ("unit/plugins/action", "unit/plugins/callback")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test by its folder; a time limit that the test itself names stays."""
    for item in items:
        marks, seconds = FOLDERS.get(item.path.relative_to(ROOT / "tests").parts[0], ([], 60))
        for mark in marks:
            item.add_marker(mark)
        if item.path.relative_to(ROOT / "tests").as_posix().startswith(COMMANDS):
            item.add_marker("commands")
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(seconds, func_only=True))


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The cluster that the tests use: what `python -m lab env` says, KUBECONFIG among it.

    It is that of KUBECONFIG when somebody set it; otherwise the lab, which is brought up when it is not, and taken
    down in the end when it was brought up here. A machine that cannot run it skips what needs it, except in
    continuous integration, where that would be a green run which showed nothing.
    """
    if os.environ.get("KUBECONFIG"):
        yield {key: value for key, value in os.environ.items() if key == "KUBECONFIG" or key.startswith("LAB_")}
        return
    was_up = _lab("status").returncode == 0
    # It may take twenty minutes to build: what it says goes past pytest to whoever waits. What was built is kept, so a
    # second try is short.
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        code = _lab_up() and _lab_up()
    try:
        if code == 2 and not os.environ.get("CI"):
            pytest.skip(f"the lab cannot run here: {_lab('doctor').stdout.strip()}")
        assert code == 0, "the lab did not come up: what it said stands above"
        lines = _lab("env").stdout.splitlines()
        yield dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    finally:
        if not was_up:
            _lab("down")


def _lab_up() -> int:
    """Bring the lab up; the exit code of the command."""
    return subprocess.run([*LAB, "up"], cwd=ROOT, check=False, stdin=subprocess.DEVNULL, timeout=2700).returncode


def _lab(command: str) -> subprocess.CompletedProcess[str]:
    """A command of the lab that answers soon, with all that it said."""
    return subprocess.run(
        [*LAB, command], cwd=ROOT, check=False, text=True, timeout=180,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
