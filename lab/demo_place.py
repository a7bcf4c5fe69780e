"""Where the demo takes place: the lab, or a cluster that its user names."""
from __future__ import annotations

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from lab import supervise
from lab.demo_typed import ROOT, typed
from lab.load.where import ALLOW
from lab.say import run, say
from lab.settings import Lab, find
from lab.trouble import NotAllowed, Trouble

REPORTS = ROOT / ".releng" / "reports"
OWN = ("KUBECONFIG", "LAB_GATEWAY_URL", "LAB_PROMETHEUS_URL", "LAB_REGISTRY")
NAMESPACE = "shop"
# All kinds that a release can leave in its namespace when it was ended by force: the next demo begins without them.
RESTS = ("deployments,services,configmaps,secrets", "-l", "app.kubernetes.io/managed-by=releng-runbooks")


@dataclass
class Place:
    """`environment`: of all commands of the demo, complete. `lab` is None on a cluster of the user's own."""

    environment: dict[str, str]
    lab: Lab | None
    started_here: bool = False

    @property
    def gateway(self) -> str:
        return self.environment["LAB_GATEWAY_URL"]

    @property
    def goodbye(self) -> str:
        return "the lab stays up: `make lab-down` takes it down" if self.lab else "your cluster keeps release shop"

    def prepare(self) -> None:
        """Bring up what is not up; on the lab, remove what an earlier demo or test left.

        :raises Trouble: it does not come up, or a tool is missing
        """
        if self.lab:
            self.started_here = not supervise.answers(self.lab)
            say("== The cluster")
            code = typed([sys.executable, "-m", "lab", "up"], self.environment)
            if code != 0:
                kind = NotAllowed if code == 2 else Trouble
                raise kind("The lab did not come up: what it said stands above.")
            self.clear()
        for name in ("helm", "ansible-playbook"):
            if not shutil.which(name, path=self.environment["PATH"]):
                raise Trouble(f"There is no {name} on the PATH of the demo: {self.environment['PATH']}.")

    def clear(self) -> None:
        """:raises NotAllowed: a release is under way there: it is not the demo's to break"""
        kubectl = [shutil.which("kubectl", path=self.environment["PATH"]) or "kubectl", "-n", NAMESPACE]
        lease = run([*kubectl, "get", "lease/release-shop", "--ignore-not-found", "-o", "json"], env=self.environment)
        if holder := held_by(lease, datetime.now(UTC)):
            raise NotAllowed(f"A release of shop is under way ({holder}): begin the demo when it has ended.")
        run(["helm", "uninstall", "shop", "-n", NAMESPACE, "--ignore-not-found", "--wait"], env=self.environment)
        run([*kubectl, "delete", *RESTS, "--wait"], env=self.environment)
        run([*kubectl, "delete", "configmaps/release-shop", "leases/release-shop", "--ignore-not-found"],
            env=self.environment)

    def leave(self) -> None:
        """After an interruption: the lab goes if it came by this command."""
        if self.lab and self.started_here:
            typed([sys.executable, "-m", "lab", "down"], self.environment)
        elif self.lab:
            say("the lab was up before and stays up; `make lab-down` takes it down")

    def serving(self, wanted: str, patience: float) -> str:
        """Which versions answer twenty requests through the gateway, such as `1.0.0`, or `1.0.0 and 1.4.0`.

        Looks again for `patience` seconds while it is not `wanted` alone: a route that is new takes a moment.
        """
        until = time.monotonic() + patience
        while True:
            seen = Counter(answering(self.gateway) for _ in range(20))
            if set(seen) == {wanted} or time.monotonic() >= until:
                return " and ".join(sorted(seen))
            time.sleep(0.2)


def answering(url: str) -> str:
    """The version that answers, or what came instead; each time over a connection of its own."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return str(answer.headers.get("X-Version", "nobody known"))
    except urllib.error.HTTPError as trouble:
        return f"{trouble.code} of {trouble.headers.get('X-Version', 'the gateway')}"
    except OSError:
        return "nobody"


def held_by(lease: str, now: datetime) -> str:
    """Who holds this Lease, given as JSON; empty when nobody does, or has not renewed it for its whole duration."""
    spec = json.loads(lease)["spec"] if lease.strip() else {}
    holder, renewed = str(spec.get("holderIdentity") or ""), spec.get("renewTime")
    if not holder or not renewed:
        return ""
    age = (now - datetime.fromisoformat(renewed)).total_seconds()
    return holder if age < spec.get("leaseDurationSeconds", 0) else ""


def choose() -> Place:
    """The user's own cluster when all of OWN are set and do not speak of the lab, else the lab.

    KUBECONFIG alone is not enough: whoever has it set for his daily work must not find the demo in that cluster.
    """
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    lab = find("lab")
    of_lab = lab.environment()
    own = {name: os.environ.get(name, "") for name in OWN}
    if all(own.values()) and own["KUBECONFIG"] != of_lab["KUBECONFIG"]:
        helm = shutil.which("helm", path=tools)
        host = urlsplit(own["LAB_GATEWAY_URL"]).hostname or ""
        given = {"LAB_RELEASE_KUBECONFIG": own["KUBECONFIG"], **os.environ, "PATH": tools, ALLOW: host,
                 "LAB_BIN": str(Path(helm).parent) if helm else ""}
        return Place(given, None)
    if own["KUBECONFIG"] and own["KUBECONFIG"] != of_lab["KUBECONFIG"]:
        say(f"KUBECONFIG is set, {', '.join(OWN[1:])} are not all: the demo leaves that cluster alone and uses the lab")
    return Place({**os.environ, **of_lab, "PATH": f"{of_lab['LAB_BIN']}{os.pathsep}{tools}"}, lab)
