"""Ansible's own sanity tests, on the archive as it is installed."""
from __future__ import annotations

import re
import sys
from pathlib import Path

import ansible.release
import ansible_test
import pytest

from tests.tools import commands

# They need programs that are no Python packages (shellcheck, PowerShell); we ship neither shell nor PowerShell. What
# pylint finds, ruff finds in a tenth of the time.
LEFT_OUT = ("pslint", "pylint", "shellcheck")

# ansible-test fetches this script from a server of its own to put pip into its environments. Python can do that itself.
GET_PIP = """\
import subprocess, sys
subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *words], check=False).returncode)
"""


@pytest.fixture(scope="session")
def home() -> Path:
    """Where ansible-test keeps its environments from run to run: half a minute for each that has to be made anew."""
    folder = commands.cache("sanity", sys.version, sys.base_prefix, ansible.release.__version__)
    scripts = folder / ".ansible/test/cache"
    scripts.mkdir(parents=True, exist_ok=True)
    for version in _pip_versions():
        (scripts / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)
    return folder


def _pip_versions() -> set[str]:
    """The versions of pip that this ansible-test may ask for."""
    source = Path(ansible_test.__path__[0], "_internal/python_requirements.py").read_text()
    return set(re.findall(r"""pip['"]?\s*[=:]\s*['"]([\d.]+)['"]""", source))


@pytest.mark.timeout(900)
def test_sanity(installed: Path, home: Path) -> None:
    folder = installed / "ansible_collections/releng/runbooks"
    # It takes the list of files from git, and leaves its own output among them.
    (folder / ".gitignore").write_text("/tests/output/\n")
    commands.run("git", "init", "--quiet", cwd=folder)
    commands.run("git", "add", "--all", cwd=folder)
    skipped = [word for name in LEFT_OUT for word in ("--skip-test", name)]
    printed = commands.run(
        "ansible-test", "sanity", "--venv", "--python", f"3.{sys.version_info.minor}", "--color", "no", *skipped,
        cwd=folder, seconds=840, HOME=str(home),
    )  # fmt: skip
    ran = re.findall(r'^Running sanity test "([\w-]+)"', printed, flags=re.MULTILINE)
    assert {"action-plugin-docs", "ansible-doc", "import", "pep8", "runtime-metadata", "validate-modules"} <= set(ran)
