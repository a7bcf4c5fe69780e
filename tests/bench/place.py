"""Where the benches run: the lab or a cluster of one's own, with the sample service in it."""
from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lab.say import say
from lab.trouble import NotAllowed
from tests.bench.commands import ROOT, Done, timed
from tests.bench.users import Users
from tests.red.harness import Site

FOLDER = ROOT / "build" / "bench"
FIRST, GOOD, BAD, NOWHERE = "1.0.0", "1.4.0", "1.5.0", "9.9.9"


@dataclass(frozen=True)
class Place:
    """``site`` is the cluster as the tests of red paths know it, with a journal of its own in ``folder``."""

    site: Site
    folder: Path

    @property
    def gateway(self) -> str:
        return self.site.cluster["LAB_GATEWAY_URL"]

    @property
    def prometheus(self) -> str:
        return self.site.cluster["LAB_PROMETHEUS_URL"]

    @property
    def chart(self) -> Path:
        """For targets of an inventory that lies elsewhere."""
        return ROOT / "lab" / "charts" / "shop"

    @property
    def values(self) -> Path:
        """With which the site has installed the sample service."""
        return self.folder / "shop.json"

    @property
    def account(self) -> dict[str, str]:
        """The environment of somebody who types helm and kubectl with the rights of a release."""
        return {**self.site.env, "KUBECONFIG": self.site.env.get("LAB_RELEASE_KUBECONFIG", self.site.env["KUBECONFIG"])}

    def users(self, host: str = "", rate: float = 40.0) -> Users:
        return Users(self.folder / f"users-{host or 'all'}.json", f"{self.gateway}/", self.site.env, host, rate)

    def playbook(
        self, name: str, *args: str, extra: dict[str, Any] | None = None, memory_too: bool = False, **env: str
    ) -> Done:
        """One of our playbooks, with the settings of the lab's inventory."""
        argv = self.site.command(f"playbooks/{name}.yml", *args, extra=extra, quick=False)
        return timed(argv, {**self.site.env, **env}, memory_too=memory_too)

    def release(self, to: str, *args: str, extra: dict[str, Any] | None = None, **more: Any) -> Done:
        return self.playbook("release", *args, extra={"release_versions": {"shop": to}, **(extra or {})}, **more)

    def report(self) -> dict[str, Any]:
        """What the newest release left as its report."""
        newest = max((self.folder / "reports").glob("*.json"), key=lambda path: path.stat().st_mtime)
        return dict(json.loads(newest.read_text()))

    def inventory(self, hosts: dict[str, dict[str, Any]]) -> list[str]:
        """Words for ansible-playbook: the lab's inventory, and more targets that share its group variables."""
        path = self.folder / "more.yml"
        path.write_text(json.dumps({"all": {"children": {"kubernetes": {"hosts": hosts}}}}))
        return ["-i", "inventories/lab", "-i", str(path)]

    def series(self, query: str, begin: float, until: float, step: float) -> list[tuple[float, float]]:
        """What Prometheus knew at each moment between two (UNIX time): moment and value, one series at most."""
        words = urllib.parse.urlencode({"query": query, "start": begin, "end": until, "step": step})
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/query_range?{words}", timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        return [(float(at), float(value)) for at, value in (found[0]["values"] if found else [])]

    def versions(self) -> dict[str, str]:
        """What the numbers were measured with."""
        kubernetes = json.loads(self.site.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
        helm = self.site.helm("version", "--template", "{{.Version}}")
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/status/buildinfo", timeout=10) as answer:
            prometheus = json.load(answer)["data"]["version"]
        return {
            "python": platform.python_version(), "ansible-core": version("ansible-core"), "kubernetes": kubernetes,
            "helm": helm.strip(), "prometheus": prometheus,
        }  # fmt: skip


def find() -> Place:
    """:raises NotAllowed: there is no cluster to measure on"""
    cluster = {key: value for key, value in os.environ.items() if key == "KUBECONFIG" or key.startswith("LAB_")}
    if not os.environ.get("KUBECONFIG"):
        asked = subprocess.run(
            [sys.executable, "-m", "lab", "env"], cwd=ROOT, check=False, text=True, capture_output=True, timeout=60
        )
        if asked.returncode:
            raise NotAllowed(f"Benches need a cluster, and bring none up. {asked.stdout.strip()}")
        lines = asked.stdout.splitlines()
        cluster = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    for name in ("LAB_GATEWAY_URL", "LAB_PROMETHEUS_URL"):
        if name not in cluster:
            raise NotAllowed(f"{name} is not set: with a KUBECONFIG of your own, say where gateway and metrics are.")
    folder = FOLDER / "work"
    folder.mkdir(parents=True, exist_ok=True)
    say(f"the cluster is that of {cluster['KUBECONFIG']}")
    return Place(Site(cluster, folder), folder)
