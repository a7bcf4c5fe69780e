"""What a lab puts on the machine outside its processes: a network namespace, a pair of interfaces, cgroups, folders."""
from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from lab.say import run
from lab.settings import RUN, SERVICES, Lab
from lab.trouble import Trouble

# Folders that containerd, its shims, CNI and the kubelet write to wherever they are told to work. Inside the lab's
# mount namespace each is covered by one of the lab's own; the machine sees at most an empty folder, removed later.
COVERED = ("/run/containerd", "/var/lib/cni", "/var/log/containers", "/var/log/pods", "/var/lib/kubelet",
           "/etc/cni/net.d")
# Settings of the whole kernel that the kubelet changes: put back as they were when the last lab goes down.
SYSCTLS = ("kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "vm/panic_on_oom",
           "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes")
RECORD = RUN / "host.json"


def make_network(lab: Lab) -> None:
    """A namespace with a veth pair: the host reaches the node; what is inside reaches no further than the host."""
    run(["ip", "netns", "add", lab.netns])
    inside = ["ip", "-n", lab.netns]
    run([*inside, "link", "set", "lo", "up"])
    run(["ip", "link", "add", lab.veth, "type", "veth", "peer", "name", "eth0", "netns", lab.netns])
    run(["ip", "addr", "add", f"{lab.host}/30", "dev", lab.veth])
    run(["ip", "link", "set", lab.veth, "up"])
    run([*inside, "addr", "add", f"{lab.node}/30", "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])
    # A route for service addresses, so that a packet to one gets as far as kube-proxy's rules.
    run([*inside, "route", "add", SERVICES, "dev", "eth0"])
    enter = ["nsenter", f"--net={lab.netns_path}", "sysctl", "-qw"]
    run([*enter, "net.ipv4.ip_forward=1", "net.ipv4.conf.all.route_localnet=1"])
    if Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists():
        run([*enter, "net.bridge.bridge-nf-call-iptables=1"])


def remove_network(lab: Lab) -> None:
    """The interface pair goes with either end; ask for both, since a killed `up` may have made only one."""
    if Path("/sys/class/net", lab.veth).exists():
        run(["ip", "link", "delete", lab.veth])
    if lab.netns_path.exists():
        run(["ip", "netns", "delete", lab.netns])


def hierarchies() -> list[Path]:
    """The mount points of all cgroup hierarchies: one on v2, one for each controller on v1."""
    lines = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return [Path(words[1]) for words in lines if words[2] in ("cgroup", "cgroup2")]


def make_cgroups(lab: Lab) -> None:
    """The lab's own group in every hierarchy: `parts` for its programs, and the kubelet's pods beside it."""
    for root in hierarchies():
        (root / lab.cgroup / "parts").mkdir(parents=True, exist_ok=True)
        group = root
        for word in Path(lab.cgroup).parts:
            below = group / word
            for name in ("cpuset.cpus", "cpuset.mems"):         # v1: empty sets take no process
                if (below / name).exists() and not (below / name).read_text().strip():
                    (below / name).write_text((group / name).read_text())
            if (group / "cgroup.subtree_control").exists():     # v2: hand every controller down
                for controller in (group / "cgroup.controllers").read_text().split():
                    try:
                        (group / "cgroup.subtree_control").write_text(f"+{controller}")
                    except OSError:     # one that cannot be handed down here; the kubelet names it if it needs it
                        continue
            group = below
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / "parts" / name).exists():
                (group / "parts" / name).write_text((group / name).read_text())


def join_cgroups(lab: Lab) -> None:
    """Put this process into the lab's groups; what it starts is born there."""
    for root in hierarchies():
        (root / lab.cgroup / "parts" / "cgroup.procs").write_text(str(os.getpid()))


def remove_cgroups(lab: Lab, patience: float = 10.0) -> None:
    """Remove the lab's groups. The kernel lets go of one a moment after its last process was killed.

    :raises Trouble: one still holds a process after `patience` seconds
    """
    until = time.monotonic() + patience
    for root in hierarchies():
        while (root / lab.cgroup).is_dir():
            try:
                remove_tree(root / lab.cgroup)
            except OSError as error:
                if time.monotonic() > until:
                    raise Trouble(f"The cgroup {error.filename} cannot be removed: {error.strerror}.") from error
                time.sleep(0.1)
        above = (root / lab.cgroup).parent
        if above.is_dir() and not any(each.is_dir() for each in above.iterdir()):
            above.rmdir()


def remove_tree(group: Path) -> None:
    """Remove a cgroup and all below it, from the leaves up."""
    folders = [Path(folder) for folder, _, _ in os.walk(group)]
    for folder in sorted(folders, key=lambda each: len(each.parts), reverse=True):
        folder.rmdir()


def cover_folders(lab: Lab) -> None:
    """Make the folders that will be covered. The first lab on the machine records how it was before."""
    if not RECORD.exists():
        made = [folder for folder in COVERED if not Path(folder).exists()]
        before = {name: (Path("/proc/sys") / name).read_text().strip() for name in SYSCTLS}
        # Written before anything is made: a kill in between leaves a record of more than there is, never of less.
        RECORD.write_text(json.dumps({"made": made, "sysctls": before}))
    for folder in COVERED:
        Path(folder).mkdir(parents=True, exist_ok=True)
        covers(lab, folder).mkdir(parents=True, exist_ok=True)


def covers(lab: Lab, folder: str) -> Path:
    return lab.state / "covers" / folder.strip("/").replace("/", "-")


def put_back() -> None:
    """As the last lab goes: remove the empty folders that were made, put the kernel's settings back."""
    if not RECORD.exists():
        return
    known = json.loads(RECORD.read_text())
    for folder in known["made"]:
        if Path(folder).is_dir() and not any(Path(folder).iterdir()):
            Path(folder).rmdir()
    for name, value in known["sysctls"].items():
        if (Path("/proc/sys") / name).read_text().strip() != value:
            (Path("/proc/sys") / name).write_text(value)
    RECORD.unlink()


def wipe_files(lab: Lab) -> None:
    shutil.rmtree(lab.state, ignore_errors=True)
    shutil.rmtree(lab.run, ignore_errors=True)
    for folder in (lab.run.parent, lab.state.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
