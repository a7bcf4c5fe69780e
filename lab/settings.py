"""Where a lab lies and which addresses it has: everything that differs between two labs on one machine."""
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.trouble import Trouble

HERE = Path(__file__).resolve().parent
RUN = Path("/run/releng-lab")
# 198.18.0.0/15 is set aside for benchmarks of network devices (RFC 2544): nobody routes it. The last /24 of its
# first half holds one /30 for each lab: node, host side. Services and pods live only inside the namespace, so all
# labs use the same ranges.
VETHS = "198.18.255."
SERVICES, PODS, DNS = "198.18.0.0/20", "198.18.16.0/20", "198.18.0.10"
LABS = 8
API, GATEWAY, STATS, PROMETHEUS, REGISTRY, DNS_READY = 6443, 8080, 8002, 9090, 5000, 8181


def cache_dir() -> Path:
    """Outside the clone, so that a fresh clone finds what was built before."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "releng-lab"


def versions() -> dict:
    """The content of versions.yml."""
    return yaml.safe_load((HERE / "versions.yml").read_text())


@dataclass(frozen=True)
class Lab:
    """One lab. `run` holds sockets, kubeconfigs and records; `state` the data, which needs a disk that may execute."""

    name: str
    index: int

    @property
    def run(self) -> Path:
        return RUN / self.name

    @property
    def state(self) -> Path:
        return cache_dir() / "state" / self.name

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def netns(self) -> str:
        return f"releng-{self.name}"

    @property
    def netns_path(self) -> Path:
        return Path("/run/netns") / self.netns

    @property
    def veth(self) -> str:
        return f"releng{self.index}"

    @property
    def node(self) -> str:
        return f"{VETHS}{4 * self.index + 1}"

    @property
    def host(self) -> str:
        return f"{VETHS}{4 * self.index + 2}"

    @property
    def cgroup(self) -> str:
        return f"releng-lab/{self.name}"

    @property
    def registry(self) -> str:
        return f"{self.node}:{REGISTRY}"

    @property
    def socket(self) -> Path:
        return self.run / "supervisor.sock"

    def words(self) -> dict[str, str]:
        """What the templates under config/ and manifests/ may name."""
        return {"name": self.name, "node": self.node, "run": str(self.run), "state": str(self.state),
                "cgroup": self.cgroup, "registry": self.registry, "services": SERVICES, "pods": PODS, "dns": DNS,
                "api_port": str(API), "gateway_port": str(GATEWAY), "stats_port": str(STATS),
                "dns_ready_port": str(DNS_READY), "pause": f"{self.registry}/pause:{versions()['images']['pause']}"}

    def environment(self) -> dict[str, str]:
        """What a release or a test needs to know of this lab."""
        return {"KUBECONFIG": str(self.run / "admin.conf"), "LAB_RELEASE_KUBECONFIG": str(self.run / "release.conf"),
                "LAB_GATEWAY_URL": f"http://{self.node}:{GATEWAY}",
                "LAB_PROMETHEUS_URL": f"http://{self.node}:{PROMETHEUS}",
                "LAB_ENVOY_STATS_URL": f"http://{self.node}:{STATS}/stats/prometheus",
                "LAB_REGISTRY": self.registry, "LAB_BIN": str(self.run / "bin")}


def find(name: str) -> Lab:
    """The lab of this name: with the number that it has, or with the lowest that no other lab has.

    The default name always has number 0, so that its addresses can be written down.

    :raises Trouble: the name cannot be the name of a lab, or all numbers are taken
    """
    if not re.fullmatch(r"[a-z][a-z0-9]{0,9}", name):
        raise Trouble(f"A lab cannot be called {name!r}: take 1 to 10 small letters and digits, a letter first.")
    taken = {entry.parent.name: int(entry.read_text()) for entry in RUN.glob("*/index")}
    if name in taken or name == "lab":
        return Lab(name, taken.get(name, 0))
    free = [index for index in range(1, LABS) if index not in taken.values()]
    if not free:
        raise Trouble(f"{LABS} labs are there already ({', '.join(sorted(taken))}): take one down first.")
    return Lab(name, free[0])
