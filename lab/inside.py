"""The way into the lab, in two steps: `python -m lab.inside NAME` becomes supervisord inside the lab's namespaces.

First step, outside: join the lab's cgroups, then enter its network namespace and new mount and PID namespaces. Second
step, inside: cover the machine's folders, become supervisord. supervisord is process 1 in there: when it ends, however
it ends, the kernel ends everything else of the lab, pods included, and every mount of the lab goes with them.
"""
from __future__ import annotations

import os
import sys

from lab.host import COVERED, covers, join_cgroups
from lab.say import run
from lab.settings import Lab, find


def enter(lab: Lab) -> None:
    join_cgroups(lab)
    apart = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
    second = [sys.executable, "-m", "lab.inside", lab.name, "second"]
    os.execvp("nsenter", ["nsenter", f"--net={lab.netns_path}", *apart, *second])


def become_supervisord(lab: Lab) -> None:
    for folder in COVERED:
        run(["mount", "--bind", covers(lab, folder), folder])
    # Shared among the lab's own processes, as the kubelet and containerd expect it of a node; private to the machine.
    run(["mount", "--make-rshared", "/"])
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-c", f"{lab.run}/supervisord.conf"])


if __name__ == "__main__":
    (become_supervisord if sys.argv[2:] == ["second"] else enter)(find(sys.argv[1]))
