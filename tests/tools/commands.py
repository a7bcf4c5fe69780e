"""Commands as a person types them, and places to run them in."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.laws import tree

BIN = Path(sys.executable).parent
# Ansible as somebody has it who only installed it: none of our settings, none of the caller's.
OTHERS = ("ANSIBLE_", "PYTEST_", "PYTHONPATH")
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(OTHERS)} | {
    "PATH": f"{BIN}:{os.environ['PATH']}",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_DEPRECATION_WARNINGS": "1",
    "LC_ALL": "C.UTF-8",
}


def run(*words: str | Path, cwd: Path, seconds: float = 120, **env: str) -> str:
    """Run a command that has to succeed; return what it printed.

    :raises AssertionError: it failed or took longer than `seconds`; the message holds the end of what it printed
    """
    command = [str(word) for word in words]
    try:
        done = subprocess.run(
            command, cwd=cwd, env=CLEAN | env, timeout=seconds, check=False, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        printed = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        raise AssertionError(f"{' '.join(command)}: not done after {seconds} s\n{printed[-4000:]}") from late
    assert done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout[-8000:]}"
    return done.stdout


def copy_clone(to: Path) -> Path:
    """What a clone holds, as it is now: every file that is or would be committed, and the symlink."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=tree.ROOT).split("\0")
    for name in listed:
        source = tree.ROOT / name
        if name and (source.is_file() or source.is_symlink()):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name, follow_symlinks=False)
    return to


def cache(name: str, *parts: str) -> Path:
    """A folder outside the clone that outlives the run, one for each content of `parts`."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "releng-tests"
    folder = base / f"{name}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
