"""The lab's commands as a person types them, on a second lab: the one that others use stays up."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "trial"
RUN = Path("/run/releng-lab") / NAME
pytestmark = pytest.mark.lab


def lab(*words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """`python -m lab ... --name trial` from the root of the clone."""
    return subprocess.run([sys.executable, "-m", "lab", *words, "--name", NAME], cwd=ROOT, capture_output=True,
                          text=True, timeout=timeout, check=False)


def kubectl(*words: str, account: str = "admin.conf", feed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(RUN / "bin/kubectl"), "--kubeconfig", str(RUN / account), *words], input=feed,
                          capture_output=True, text=True, timeout=60, check=False)


def until(seconds: float, question: str, *words: str) -> str:
    """Ask kubectl every half second until `question` is in its answer; the last answer when it never is."""
    end = time.monotonic() + seconds
    while True:
        answer = kubectl(*words)
        if question in answer.stdout or time.monotonic() > end:
            return answer.stdout + answer.stderr
        time.sleep(0.5)


def host_traces() -> list[str]:
    """All that the machine shows of this lab: asked of the kernel, not of the lab's own code."""
    namespaces = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    found = [line for line in (Path("/proc/mounts").read_text() + namespaces).splitlines() if NAME in line]
    found += [str(path) for path in Path("/sys/fs/cgroup").rglob(NAME)]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and (f"releng-lab/{NAME}" in words or f"state/{NAME}" in words):
                    found.append(words.replace("\0", " ")[:120])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found += [str(path) for path in (RUN, Path(f"/run/netns/releng-{NAME}")) if path.exists()]
    return found


def host_rules() -> str:
    """The machine's own packet filter rules and interfaces."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    kept = [line for line in rules.splitlines() if not line.startswith(("#", ":"))]
    return "\n".join([*kept, *sorted(path.name for path in Path("/sys/class/net").iterdir())])


@pytest.fixture(scope="module")
def up() -> Iterator[subprocess.CompletedProcess[str]]:
    lab("down")
    yield lab("up", timeout=3000)
    lab("down")


def test_up_says_how_to_reach_it(up: subprocess.CompletedProcess[str]) -> None:
    assert up.returncode == 0, up.stderr
    assert f"export KUBECONFIG={RUN}/admin.conf" in up.stdout
    assert " Ready " in kubectl("get", "nodes", "--no-headers").stdout


def test_a_second_up_changes_nothing_and_is_quick(up: subprocess.CompletedProcess[str]) -> None:
    before = (RUN / "supervisord.pid").stat().st_mtime_ns
    begun = time.monotonic()
    again = lab("up")
    assert again.returncode == 0, again.stderr
    assert "is up already" in again.stdout
    assert time.monotonic() - begun < 10
    assert (RUN / "supervisord.pid").stat().st_mtime_ns == before


def test_status_and_env_name_every_part(up: subprocess.CompletedProcess[str]) -> None:
    status = lab("status")
    assert status.returncode == 0, status.stdout
    assert status.stdout.count("RUNNING") == 13
    assert "LAB_GATEWAY_URL=http://198.18.255." in lab("env").stdout


def test_a_stopped_part_is_seen_and_started_again(up: subprocess.CompletedProcess[str]) -> None:
    assert lab("stop", "prometheus").returncode == 0
    status = lab("status")
    assert status.returncode == 1
    assert "prometheus           STOPPED" in status.stdout
    assert lab("start", "prometheus").returncode == 0
    assert lab("status").returncode == 0


def pod(name: str, image: str, namespace: str = "shop") -> None:
    """A pod of the sample service, pulled as a chart's default does."""
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
            "spec": {"terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "shop", "image": image, "imagePullPolicy": "IfNotPresent"}]}}
    done = kubectl("create", "-f", "-", feed=json.dumps(body))
    assert done.returncode == 0, done.stderr


def registry() -> str:
    return next(line.split("=")[1] for line in lab("env").stdout.splitlines() if "LAB_REGISTRY" in line)


def test_images_are_really_pulled(up: subprocess.CompletedProcess[str]) -> None:
    where = registry()
    pod("good", f"{where}/shop:1.0.0")
    pod("missing", f"{where}/shop:9.9.9")
    assert "Running" in until(30, "Running", "get", "pod", "good", "-n", "shop")
    assert "Successfully pulled image" in until(10, "Successfully pulled", "events", "-n", "shop", "--for", "pod/good")
    assert "ErrImagePull" in until(30, "ErrImagePull", "get", "events", "-n", "shop", "-o", "wide") \
        or "ImagePullBackOff" in kubectl("get", "pod", "missing", "-n", "shop").stdout
    assert "not found" in until(10, "not found", "events", "-n", "shop", "--for", "pod/missing")


def test_top_shows_what_a_pod_uses(up: subprocess.CompletedProcess[str]) -> None:
    assert "good" in until(60, "good", "top", "pod", "-n", "shop")


def test_the_releaser_may_release_and_nothing_else(up: subprocess.CompletedProcess[str]) -> None:
    def may(*words: str) -> str:
        return kubectl("auth", "can-i", *words, account="release.conf").stdout.strip()

    assert may("patch", "httproutes.gateway.networking.k8s.io", "-n", "shop") == "yes"
    assert may("create", "deployments.apps", "-n", "shop") == "yes"
    assert may("get", "secrets", "-n", "kube-system") == "no"
    assert may("delete", "pods", "-n", "shop") == "no"
    assert may("create", "rolebindings.rbac.authorization.k8s.io", "-n", "shop") == "no"


def test_down_leaves_nothing_even_after_its_supervisor_was_killed(up: subprocess.CompletedProcess[str]) -> None:
    supervisor = supervisor_pid()
    os.kill(supervisor, signal.SIGKILL)
    time.sleep(0.5)
    assert lab("status").returncode == 1
    down = lab("down")
    assert down.returncode == 0, down.stderr
    assert host_traces() == []


def supervisor_pid() -> int:
    """The machine's number for the process whose own number, inside, is 1."""
    inside = f"{RUN}/supervisord.conf".encode()
    return next(int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline")
                if inside in path.read_bytes() and b"supervisor.supervisord" in path.read_bytes())


def test_warm_up_is_quick_clears_stale_rests_and_down_leaves_the_machine_as_it_was() -> None:
    rules = host_rules()
    assert lab("up").returncode == 0
    os.kill(supervisor_pid(), signal.SIGKILL)
    begun = time.monotonic()
    up = lab("up")
    assert up.returncode == 0, up.stderr
    assert "clearing the rest of an earlier lab" in up.stdout
    assert time.monotonic() - begun < 40
    down = lab("down")
    assert down.returncode == 0, down.stderr
    assert host_traces() == []
    assert host_rules() == rules
    assert "was not there" in lab("down").stdout


def test_a_machine_that_cannot_is_told_why_before_anything_is_built(tmp_path: Path) -> None:
    without = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
    low = subprocess.run([*without, sys.executable, "-m", "lab", "up", "--name", NAME], cwd=ROOT, capture_output=True,
                         text=True, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)}, check=False)
    assert (low.returncode, "CAP_NET_ADMIN" in low.stderr) == (2, True)
    assert len(low.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
