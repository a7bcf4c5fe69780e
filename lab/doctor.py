"""What a machine must have, said in one sentence before anything is built."""
from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lab import leftovers
from lab.settings import API, DNS_READY, GATEWAY, PROMETHEUS, REGISTRY, STATS, Lab, cache_dir
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
    if sys.version_info < (3, 11):
        raise NotAllowed(f"Python is {sys.version.split()[0]}, the lab needs 3.11 or newer: run it with `python3.11 -m lab`.")


def root() -> None:
    if os.geteuid() != 0:
        raise NotAllowed("The lab makes a network namespace and runs containers, which needs root: run it with sudo, or as root.")


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
        raise NotAllowed(f"Only {free:.1f} GB of memory are available, the lab needs {MEMORY_GB}: end something large first.")


def addresses(lab: Lab) -> None:
    """The lab's own /30 must not be somebody else's: neither an address nor a route."""
    if leftovers.traces(lab):
        return                                                  # ours: cleared later
    routes = subprocess.run(["ip", "-4", "route", "show", "root", f"{lab.node}/30"], capture_output=True, text=True, check=False)
    if not shutil.which("ip") or not routes.stdout.strip():
        return
    line = routes.stdout.strip().splitlines()[0]
    raise NotAllowed(f"The lab's address {lab.node} is taken on this machine (route `{line}`): remove that, or give the lab "
                     "another number by another --name.")


def check_ports(lab: Lab) -> None:
    """All ports lie on an address that only the lab has; something that answers there is a stranger.

    :raises NotAllowed: a port is taken
    """
    for port in (API, GATEWAY, STATS, PROMETHEUS, REGISTRY, DNS_READY):
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex((lab.node, port)) == 0:
                raise NotAllowed(f"Port {port} of {lab.node} is taken by something else: end it, or use another --name.")


QUESTIONS: tuple[Callable[[], None], ...] = (python, root, net_admin, disk, memory)
