"""Debian packages that the lab runs or builds with."""
from __future__ import annotations

import shutil
from pathlib import Path

from lab.say import run_again, say
from lab.settings import versions
from lab.trouble import Trouble

# Another apt may be at work on a machine that has just started: wait for it.
APT = ("apt-get", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3", "-o", "Dpkg::Options::=--force-confold")
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def missing() -> dict[str, str]:
    """Package -> what it is for, of those whose command or file is not there."""
    return {name: entry["for"] for name, entry in versions()["debian"].items()
            if not (Path(entry["shows"]).exists() if entry["shows"].startswith("/") else shutil.which(entry["shows"]))}


def install_missing() -> None:
    """Install what is missing, saying what and why; services of the packages are not started.

    :raises Trouble: the packages cannot be had
    """
    wanted = missing()
    if not wanted:
        return
    for name, purpose in wanted.items():
        say(f"        installing Debian package {name}: {purpose}")
    if not shutil.which("apt-get"):
        raise Trouble(f"Commands are missing and this is no Debian: install what gives you {', '.join(wanted)}.")
    # Debian starts the service of a package when it is installed; a policy that answers 101 says no.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    try:
        if ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        # An installation that was killed half-way keeps every other one from starting until it is finished.
        run_again(["dpkg", "--configure", "-a"], env=QUIET)
        run_again([*APT, "update", "-q"], env=QUIET, timeout=600)
        run_again([*APT, "install", "-q", "-y", "--no-install-recommends", *wanted], env=QUIET, timeout=1200)
    finally:
        if ours:
            policy.unlink(missing_ok=True)
    still = missing()
    if still:
        raise Trouble(f"Debian installed its packages, but these are still not found: {', '.join(still)}.")
