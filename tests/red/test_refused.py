"""What is wrong is refused before anything changes, in one sentence that names variable, value and what is allowed."""
from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from tests.red.harness import NAMESPACE, ROOT, Site

WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an unknown strategy": ({"helm_release_strategy": "canari"}, ["helm_release_strategy", "did you mean 'canary'"]),
    "weights that do not rise": ({"canary_shift_steps": [50, 20, 100]}, ["canary_shift_steps", "rising"]),
    "a negative weight": ({"canary_shift_steps": [-10, 100]}, ["canary_shift_steps", "-10"]),
    "weights as texts": ({"canary_shift_steps": ["10", "100"]}, ["canary_shift_steps"]),
    "a wrong type in a later stage": ({"verify_health_timeout": "5m"}, ["verify_health_timeout", "5m"]),
    "a version that YAML read as a number": ({"release_versions": {"shop": 1.2}}, ["release_versions", "Quote it"]),
    "a version for a shell": ({"release_versions": {"shop": "1.4.0;reboot"}}, ["release_versions", "reboot"]),
    "a service that nobody has": ({"release_versions": {"shpo": "1.4.0"}}, ["shpo"]),
    "an image that does not exist": ({"release_versions": {"shop": "9.9.9"}}, ["9.9.9"]),
    "a misspelt variable": ({"canary_shift_step": [10, 100]}, ["canary_shift_step", "did you mean"]),
    "a gate without a query": ({"release_gates": [{"name": "x", "breach": "> 1 %"}]}, ["release_gates", "query"]),
    "a wrong kubeconfig": ({"target_kubeconfig": "/nowhere/config"}, ["/nowhere/config"]),
    "a wrong context": ({"target_context": "prod"}, ["prod"]),
    "a chart that does not exist": ({"helm_release_chart": "/nowhere/chart"}, ["/nowhere/chart"]),
    "a chart that does not render": ({"helm_release_values": {"replicaCount": "two"}}, ["replicaCount"]),
    "an old helm": ({"precheck_tools": {"helm": "99.0"}}, ["helm", "99.0"]),
}


@pytest.fixture(scope="module")
def still(cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    found = Site(cluster, tmp_path_factory.mktemp("refused"))
    found.baseline()
    return found


@pytest.mark.parametrize("what", WRONG)
def test_it_is_refused_and_nothing_is_changed(still: Site, what: str) -> None:
    extra, words = WRONG[what]
    before = still.fingerprint()
    run = still.play("release", extra={"release_versions": {"shop": "1.4.0"}, **extra})
    assert run.code == 2, run.out
    said = " ".join(run.out.split())
    assert not [word for word in words if word not in said], run.out
    assert "Traceback" not in run.out
    assert still.fingerprint() == before


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--tags", "canary"], "--tags"),
        (["--skip-tags", "always"], "--skip-tags"),
        (["--start-at-task", "Verify"], "--start-at-task"),
        (["--limit", "shop,shpo"], "shpo"),
    ],
)
def test_a_part_of_a_procedure_is_refused(still: Site, args: list[str], word: str) -> None:
    before = still.fingerprint()
    run = still.release("1.4.0", *args, env={"ANSIBLE_CONFIG": str(still.bare)})
    assert run.code not in (0, 2) or "FAILED" in run.out, run.out
    assert run.code != 0 and word in run.out, run.out
    assert still.fingerprint() == before


def test_limit_with_right_names_works(still: Site) -> None:
    run = still.play("status", "--limit", "shop", env={"ANSIBLE_CONFIG": str(still.bare)})
    assert run.code == 0 and "shop 1.0.0" in run.out, run.out


def test_a_library_that_is_missing_is_named_with_the_command(still: Site) -> None:
    before = still.fingerprint()
    hidden = still.place / "hidden"
    hidden.mkdir()
    (hidden / "kubernetes.py").write_text("raise ImportError('not here')")
    run = still.release("1.4.0", env={"PYTHONPATH": str(hidden)})
    said = " ".join(run.out.split())
    assert run.code == 2 and "Python library kubernetes is missing for" in said, run.out
    assert "-m pip install 'kubernetes>=" in said and "Traceback" not in run.out
    assert still.fingerprint() == before


def test_an_inventory_that_is_not_there(still: Site) -> None:
    before = still.fingerprint()
    run = still.release("1.4.0", "-i", "inventories/nowhere")
    assert run.code != 0, run.out
    assert "inventories/nowhere" in run.out
    assert still.fingerprint() == before


def test_a_release_of_helm_that_was_killed_is_named(still: Site) -> None:
    """Its revision stays pending: Helm itself would refuse the next upgrade in the middle of the release."""
    slow = still.values(faultsOf={"1.3.0": {"NEVER_READY": "true"}})
    path = still.place / "never.json"
    path.write_text(json.dumps({**slow, "image": {**slow["image"], "tag": "1.3.0"}}))
    helm = [str(still.tools / "helm"), "-n", NAMESPACE, "upgrade", "shop", "lab/charts/shop", "-f", str(path), "--wait"]
    killed = subprocess.Popen(helm, cwd=ROOT, env=still.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while "pending-upgrade" not in still.helm("history", "shop", "-o", "json") and time.monotonic() < until:
            time.sleep(0.2)
    finally:
        killed.kill()
        killed.wait(10)
    before = still.fingerprint()
    try:
        run = still.release("1.4.0")
        assert run.code == 2 and "pending-upgrade" in run.out and "helm rollback" in " ".join(run.out.split()), run.out
        assert still.fingerprint() == before
    finally:
        still.helm("rollback", "shop", "--wait")
