"""Memory of a process and of all below it, as the kernel accounts for it while they run."""
from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
EVERY = 0.1  # seconds between two looks


@dataclass(frozen=True)
class Peak:
    """In MB. What workers share with the process they were forked from is counted once (proportional set size).

    ``ansible``: ansible-playbook and its workers together; ``others``: what they started besides, such as helm;
    ``workers``: most workers seen at once.
    """

    ansible: float = 0.0
    others: float = 0.0
    workers: int = 0


class Watch:
    """Looks at the processes below ``root`` until stopped; ``peak`` is the most that was seen."""

    def __init__(self, root: int) -> None:
        self.peak = Peak()
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> Peak:
        self._over.set()
        self._thread.join()
        return self.peak

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            ansible, others, workers = 0.0, 0.0, -1  # the first is no worker
            for pid in family(self._root):
                size = megabytes(pid)
                if b"ansible-playbook" in command(pid):
                    ansible, workers = ansible + size, workers + 1
                else:
                    others += size
            self.peak = Peak(
                max(self.peak.ansible, ansible), max(self.peak.others, others), max(self.peak.workers, workers)
            )


def family(root: int) -> list[int]:
    """``root`` and all that descend from it."""
    below: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (parent := parent_of(int(entry.name))):
            below.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += below.get(pid, [])
    return found


def parent_of(pid: int) -> int:
    """0 when it has just ended."""
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def command(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def megabytes(pid: int) -> float:
    """Proportional set size; 0 when it has just ended."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
