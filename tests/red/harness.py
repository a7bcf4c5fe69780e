"""Playbooks run as a person runs them: as commands, on the real cluster, with a journal of their own."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NAMESPACE = "shop"
# So short that a test takes seconds: what is judged is the order of things, not how long they take.
QUICK = {
    "canary_shift_steps": [20, 100], "canary_shift_step_duration": 4.0, "canary_shift_bake": 4.0,
    "canary_shift_return_duration": 2.0, "canary_shift_drain": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What came of a command."""

    code: int
    out: str


class Site:
    """One cluster with the sample service in it, and a place for journal and reports."""

    def __init__(self, cluster: dict[str, str], place: Path) -> None:
        self.cluster, self.place = cluster, place
        self.bare = place / "empty.cfg"
        self.bare.write_text("")
        self.env = {**os.environ, **{key: value for key, value in cluster.items() if key != "PATH"}}
        self.tools = Path(cluster.get("LAB_BIN", "/usr/bin"))

    # Commands of ours -------------------------------------------------------------------------------------------------

    def command(self, playbook: str, *args: str, extra: dict[str, Any] | None = None, quick: bool = True) -> list[str]:
        given: dict[str, Any] = {
            **(QUICK if quick else {}),
            "target_journal": f"sqlite:///{self.place}/journal.db", "target_reports": str(self.place / "reports"),
            **(extra or {}),
        }  # fmt: skip
        inventory = [] if "-i" in args else ["-i", "inventories/lab"]
        return [str(BIN / "ansible-playbook"), playbook, *inventory, "-e", json.dumps(given), *args]

    def play(
        self, name: str, *args: str, extra: dict[str, Any] | None = None, timeout: float = 240,
        env: dict[str, str] | None = None, quick: bool = True, cwd: Path = ROOT,
    ) -> Run:
        done = subprocess.run(
            self.command(f"playbooks/{name}.yml", *args, extra=extra, quick=quick), cwd=cwd,
            env={**self.env, **(env or {})}, check=False, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return Run(done.returncode, done.stdout)

    def release(self, version: Any, *args: str, **more: Any) -> Run:
        extra = {"release_versions": {"shop": version}, **more.pop("extra", {})}
        return self.play("release", *args, extra=extra, **more)

    def start(self, name: str, *args: str, extra: dict[str, Any]) -> Started:
        return Started(self, self.command(f"playbooks/{name}.yml", *args, extra=extra))

    def start_release(self, version: str, **extra: Any) -> Started:
        return self.start("release", extra={"release_versions": {"shop": version}, **extra})

    # What is there ----------------------------------------------------------------------------------------------------

    def kubectl(self, *args: str, check: bool = True) -> str:
        done = subprocess.run(
            [str(self.tools / "kubectl"), "-n", NAMESPACE, *args], env=self.env, check=check, text=True, timeout=60,
            capture_output=True,
        )  # fmt: skip
        return done.stdout

    def helm(self, *args: str) -> str:
        return subprocess.run(
            [str(self.tools / "helm"), "-n", NAMESPACE, *args], env=self.env, check=True, text=True, timeout=120,
            capture_output=True,
        ).stdout

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        return dict(json.loads(found)) if found.strip() else {}

    def version(self, name: str = "shop") -> str:
        """The tag that stable's pods are made of."""
        image = self.get("deployment", name)["spec"]["template"]["spec"]["containers"][0]["image"]
        return str(image).rpartition(":")[2]

    def weights(self, name: str = "shop") -> dict[str, int]:
        refs = self.get("httproute", name)["spec"]["rules"][0]["backendRefs"]
        return {ref["name"]: ref.get("weight", 1) for ref in refs}

    def revision(self) -> int:
        return int(json.loads(self.helm("history", "shop", "-o", "json"))[-1]["revision"])

    def canary(self, name: str = "shop") -> list[str]:
        """Names of everything that stands beside stable."""
        selector = f"releng.runbooks/helm-release={name}"
        return self.kubectl("get", "deployments,services,configmaps,secrets", "-l", selector, "-o", "name").split()

    def state(self, name: str = "shop") -> dict[str, Any]:
        found = self.get("configmap", f"release-{name}")
        return dict(json.loads(found["data"]["state.json"])) if found else {}

    def fingerprint(self) -> str:
        """Everything in the namespace that a person would call changed, without what changes by itself."""
        kinds = "deployments,services,configmaps,secrets,httproutes,serviceaccounts,poddisruptionbudgets,leases"
        items = json.loads(self.kubectl("get", kinds, "-o", "json"))["items"]
        kept = []
        for one in items:
            for key in ("resourceVersion", "managedFields", "uid", "creationTimestamp", "generation"):
                one["metadata"].pop(key, None)
            (one["metadata"].get("annotations") or {}).pop("deployment.kubernetes.io/revision", None)
            one.pop("status", None)
            kept.append(one)
        return json.dumps(kept, sort_keys=True)

    def baseline(self, version: str = "1.0.0") -> None:
        """The sample service at ``version``, well, with nothing of a release beside it."""
        self.kubectl("delete", "deployments,services,configmaps,secrets", "-l", "releng.runbooks/helm-release")
        self.kubectl("delete", "resourcequota", "--all")
        self.install("shop", self.values(), version)

    def install(self, name: str, values: dict[str, Any], version: str) -> None:
        """The sample service as Helm release ``name``, with no memory of a release of ours."""
        self.kubectl("delete", f"configmap/release-{name}", f"lease/release-{name}", "--ignore-not-found")
        # Helm compares manifests of a custom kind with one another, and would leave weights in it that we wrote.
        self.kubectl("delete", f"httproute/{name}", "--ignore-not-found")
        status = subprocess.run(
            [str(self.tools / "helm"), "-n", NAMESPACE, "status", name, "-o", "json"], env=self.env, check=False,
            text=True, capture_output=True,
        )  # fmt: skip
        if status.returncode == 0 and json.loads(status.stdout)["info"]["status"] != "deployed":
            self.helm("uninstall", name, "--wait")
        path = self.place / f"{name}.json"
        path.write_text(json.dumps({**values, "image": {**values["image"], "tag": version}}))
        self.helm("upgrade", "--install", name, "lab/charts/shop", "--reset-values", "-f", str(path),
                  "--wait", "--timeout", "90s")  # fmt: skip

    def values(self, **more: Any) -> dict[str, Any]:
        """Values of the chart as the inventory of the lab has them, with ``more`` on top; without the version."""
        return {
            "image": {"repository": f"{self.cluster.get('LAB_REGISTRY', '198.18.255.1:5000')}/shop"},
            "replicaCount": 2,
            "probes": {
                "liveness": {"path": "/health/live", "initialDelaySeconds": 5, "periodSeconds": 5,
                             "timeoutSeconds": 5, "failureThreshold": 3},
                "readiness": {"path": "/health/ready", "initialDelaySeconds": 1, "periodSeconds": 1,
                              "timeoutSeconds": 3, "failureThreshold": 2},
            },
            "faultsOf": {"1.5.0": {"ERROR_RATE": "0.3"}},
            **more,
        }  # fmt: skip

    @contextmanager
    def without(self, part: str) -> Iterator[None]:
        """A part of the lab (as `python -m lab status` names it) is gone for as long as the block lasts."""
        if "LAB_BIN" not in self.cluster:
            pytest.skip("parts of a cluster can only be stopped in the lab")
        self._lab("stop", part)
        try:
            yield
        finally:
            self._lab("start", part)
            if part == "apiserver":
                self._controllers_are_back()

    def _controllers_are_back(self) -> None:
        """They ask again less and less often while nobody answers: they are back when they see something new."""
        until = time.monotonic() + 120
        while "created" not in self.kubectl(
            "create", "deployment", "seen", "--image=none", "--replicas=0", check=False
        ):  # fmt: skip
            assert time.monotonic() < until, "the API server did not come back"
            time.sleep(0.5)
        try:
            while "observedGeneration" not in self.get("deployment", "seen").get("status", {}):
                assert time.monotonic() < until, "the controllers did not come back"
                time.sleep(0.5)
        finally:
            self.kubectl("delete", "deployment/seen")

    def _lab(self, *args: str) -> None:
        subprocess.run([sys.executable, "-m", "lab", *args], cwd=ROOT, env=self.env, check=True, timeout=120,
                       stdin=subprocess.DEVNULL, capture_output=True)  # fmt: skip

    @contextmanager
    def load(self, rate: int = 40, bad: str = "1.5.0") -> Iterator[Path]:
        """Requests from outside for as long as the block lasts; yields the file that will hold the counts."""
        report = self.place / "load.json"
        url = self.cluster.get("LAB_GATEWAY_URL", "http://198.18.255.1:8080") + "/"
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.load", "--url", url, "--rate", str(rate), "--seconds", "300",
             "--bad-version", bad, "--report", str(report)],
            cwd=ROOT, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            time.sleep(2)
            yield report
        finally:
            process.terminate()
            process.wait(15)


class Started:
    """A playbook that is under way."""

    def __init__(self, site: Site, command: list[str]) -> None:
        self.path = site.place / "out.txt"
        with self.path.open("w") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=site.env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    @property
    def out(self) -> str:
        return self.path.read_text()

    def wait_for(self, text: str, seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while text not in self.out:
            assert self.process.poll() is None, f"it ended before it said {text!r}:\n{self.out}"
            assert time.monotonic() < until, f"it did not say {text!r} in {seconds} s:\n{self.out}"
            time.sleep(0.1)

    def wait_until(self, reached: Callable[[], bool], seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while not reached():
            assert self.process.poll() is None, f"it ended before it came so far:\n{self.out}"
            assert time.monotonic() < until, f"it did not come so far in {seconds} s:\n{self.out}"
            time.sleep(0.2)

    def signal(self, number: signal.Signals, group: bool = False) -> None:
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def wait(self, seconds: float = 120) -> Run:
        return Run(self.process.wait(seconds), self.out)
