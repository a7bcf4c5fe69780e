"""Find and end everything that a lab has on the machine, whatever became of its supervisor."""
from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lab import host
from lab.settings import RUN, Lab
from lab.trouble import Trouble


def processes(lab: Lab) -> list[int]:
    """Processes in the lab's network namespace or in its cgroups. Never by name: two labs have the same programs."""
    wanted = identity(lab.netns_path)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":   # dead; its parent has not asked yet
                continue
            groups = {line.split(":", 2)[2].strip("/") for line in (entry / "cgroup").read_text().splitlines()}
            ours = any(group == lab.cgroup or group.startswith(f"{lab.cgroup}/") for group in groups)
            if ours or (wanted is not None and identity(entry / "ns/net") == wanted):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a namespace from every other one, and from a plain file that a restarted machine left in its place."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def end_processes(lab: Lab, patience: float = 15.0) -> None:
    """Kill until none is left. The kernel ends a whole PID namespace with its first process, so once is mostly enough.

    :raises Trouble: some do not die
    """
    until = time.monotonic() + patience
    while alive := processes(lab):
        if time.monotonic() > until:
            raise Trouble(f"Processes {alive} of lab {lab.name} do not end: look at them with `ps -fp`.")
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)


def traces(lab: Lab) -> list[str]:
    """What of this lab is on the machine, in words; empty: nothing."""
    found = [f"process {pid}" for pid in processes(lab)]
    found += [f"network namespace {lab.netns}"] if lab.netns_path.exists() else []
    found += [f"interface {lab.veth}"] if Path("/sys/class/net", lab.veth).exists() else []
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    ours = (f"{lab.run}/", f"{lab.state}/")
    found += [f"mount {line.split()[1]}" for line in mounts if line.split()[1].startswith(ours)]
    found += [f"cgroup {root / lab.cgroup}" for root in host.hierarchies() if (root / lab.cgroup).is_dir()]
    found += [f"folder {folder}" for folder in (lab.run, lab.state) if folder.exists()]
    return found


def clear(lab: Lab) -> None:
    """Remove every trace: processes, network, cgroups, settings, files."""
    end_processes(lab)
    host.remove_network(lab)
    host.remove_cgroups(lab)
    if not any(entry.parent != lab.run for entry in RUN.glob("*/index")):
        host.put_back()
    host.wipe_files(lab)
