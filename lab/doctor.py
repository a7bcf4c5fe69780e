"""What a machine must have, said in one sentence before anything is built."""
from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from lab import leftovers
from lab.settings import Lab, cache_dir
from lab.trouble import NotAllowed

DISK_GB, MEMORY_GB, NET_ADMIN = 10, 4, 12


def check(lab: Lab) -> None:
    """All that is known before anything is built.

    :raises NotAllowed: the first thing that is missing, and its remedy
    """
    for question in (python, root, net_admin, disk, memory):
        question()
    addresses(lab)


def python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older one is told so
        raise NotAllowed(f"Python is {platform.python_version()}, the lab needs 3.11 or newer: "
                         "run it with `python3.11 -m lab`.")


def root() -> None:
    if os.geteuid() != 0:
        raise NotAllowed("The lab makes a network namespace and runs containers, which needs root: "
                         "run it with sudo, or as root.")


def net_admin() -> None:
    effective = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:"))
    if not int(effective.split()[1], 16) >> NET_ADMIN & 1:
        raise NotAllowed("This root may not change networks (no CAP_NET_ADMIN): give the container that capability, "
                         "or run on the machine itself.")


def disk() -> None:
    place = next(each for each in (cache_dir(), *cache_dir().parents) if each.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free < DISK_GB:
        raise NotAllowed(f"Only {free:.1f} GB are free for {cache_dir()}, the lab needs {DISK_GB}: "
                         "make room, or set XDG_CACHE_HOME to a folder on a larger disk.")


def memory() -> None:
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024 / 1e9
    if free < MEMORY_GB:
        raise NotAllowed(f"Only {free:.1f} GB of memory are available, the lab needs {MEMORY_GB}: "
                         "end something large first.")


def addresses(lab: Lab) -> None:
    """The lab's own /30 must not be somebody else's; its ports lie on that address, in a namespace of their own."""
    if leftovers.traces(lab):                                   # ours: cleared later
        return
    if line := foreign_route(lab):
        raise NotAllowed(f"The lab's address {lab.node} is taken on this machine (route `{line}`): remove that, or "
                         "give the lab another number by another --name.")


def foreign_route(lab: Lab) -> str:
    """The first route into the lab's /30; empty: none (or no `ip` yet, and so nobody who set one by hand)."""
    if not shutil.which("ip"):
        return ""
    argv = ["ip", "-4", "route", "show", "root", f"{lab.node}/30"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip().splitlines()
    return lines[0] if lines else ""
