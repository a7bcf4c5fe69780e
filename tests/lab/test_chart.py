"""The chart of the sample service: what it renders, and what it refuses."""
from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from lab.settings import HERE

CHART = HERE / "charts" / "shop"


class Chart:
    def __init__(self, helm: str) -> None:
        self.helm = helm

    def run(self, *words: str, **values: Any) -> subprocess.CompletedProcess[str]:
        given = [word for name, value in values.items() for word in ("--set-json", f"{name}={json.dumps(value)}")]
        return subprocess.run([self.helm, *words, *given], capture_output=True, text=True, timeout=60, check=False)

    def render(self, **values: Any) -> dict[str, dict[str, Any]]:
        """Objects by kind: there is one of each."""
        done = self.run("template", "shop", str(CHART), **values)
        assert done.returncode == 0, done.stderr
        objects = [one for one in yaml.safe_load_all(done.stdout) if one]
        assert len({one["kind"] for one in objects}) == len(objects)
        return {one["kind"]: one for one in objects}

    def container(self, **values: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.render(**values)["Deployment"]["spec"]["template"]["spec"]["containers"][0]
        return found


@pytest.fixture(scope="module")
def chart(cluster: dict[str, str]) -> Chart:
    return Chart(f"{cluster['LAB_BIN']}/helm" if cluster.get("LAB_BIN") else "helm")


def test_lint_is_silent(chart: Chart) -> None:
    done = chart.run("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


def test_probes_have_the_values_of_the_runbook(chart: Chart) -> None:
    container = chart.container()
    assert container["livenessProbe"] == {
        "httpGet": {"path": "/health/live", "port": "http"}, "initialDelaySeconds": 30, "periodSeconds": 10,
        "timeoutSeconds": 5, "failureThreshold": 3}
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/health/ready", "port": "http"}, "initialDelaySeconds": 10, "periodSeconds": 5,
        "timeoutSeconds": 3, "failureThreshold": 2}
    assert chart.container(**{"probes.readiness.initialDelaySeconds": 1})["readinessProbe"]["initialDelaySeconds"] == 1


def test_all_objects_are_named_as_the_release_and_find_each_other(chart: Chart) -> None:
    objects = chart.render(autoscaling={"enabled": True})
    assert set(objects) == {"Deployment", "Service", "HTTPRoute", "HorizontalPodAutoscaler", "PodDisruptionBudget",
                            "ConfigMap", "ServiceAccount"}
    assert {one["metadata"]["name"] for one in objects.values()} == {"shop"}
    pod = objects["Deployment"]["spec"]["template"]
    for selector in (objects["Deployment"]["spec"]["selector"]["matchLabels"], objects["Service"]["spec"]["selector"],
                     objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]):
        assert selector.items() <= pod["metadata"]["labels"].items()
    assert objects["HTTPRoute"]["spec"]["rules"][0]["backendRefs"] == [{"name": "shop", "port": 8080}]
    assert objects["HTTPRoute"]["spec"]["parentRefs"] == [{"name": "lab", "namespace": "projectcontour"}]
    assert pod["metadata"]["annotations"]["prometheus.io/scrape"] == "true"


def test_replicas_belong_to_the_autoscaler_where_there_is_one(chart: Chart) -> None:
    fixed, scaled = chart.render(replicaCount=3), chart.render(autoscaling={"enabled": True})
    assert fixed["Deployment"]["spec"]["replicas"] == 3 and "HorizontalPodAutoscaler" not in fixed
    assert "replicas" not in scaled["Deployment"]["spec"]
    scaler = scaled["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 4)


def test_faults_are_those_of_the_version_in_use(chart: Chart) -> None:
    values = {"faults": {"LATENCY_MS": "20"}, "faultsOf": {"1.5.0": {"ERROR_RATE": "0.3", "LATENCY_MS": "90"}}}
    good, bad = (chart.container(**values, **{"image.tag": tag}) for tag in ("1.4.0", "1.5.0"))
    assert good["env"] == [{"name": "LATENCY_MS", "value": "20"}]
    assert bad["env"] == [{"name": "ERROR_RATE", "value": "0.3"}, {"name": "LATENCY_MS", "value": "90"}]
    assert "env" not in chart.container()


def test_pods_may_little_and_leave_in_order(chart: Chart) -> None:
    spec = chart.render()["Deployment"]["spec"]["template"]["spec"]
    container = spec["containers"][0]
    assert spec["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    assert not spec["automountServiceAccountToken"]
    assert container["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    assert spec["terminationGracePeriodSeconds"] >= 5 + 10     # the drain, and what the service takes to end


def test_a_secret_is_referred_to_and_settings_change_pods(chart: Chart) -> None:
    references = chart.container(existingSecret="shop-admin")["envFrom"]
    assert references == [{"configMapRef": {"name": "shop"}}, {"secretRef": {"name": "shop-admin"}}]
    before, after = (chart.render(**{"settings.GREETING": word})["Deployment"]["spec"]["template"]["metadata"]
                     for word in ("hello", "bye"))
    assert before["annotations"] != after["annotations"]


@pytest.mark.parametrize("values", [
    {"image.tag": 1.2}, {"image.tag": "1.0; id"}, {"image.tag": ""}, {"unknown": 1}, {"replicaCount": "two"},
    {"faults": {"ERROR": "1"}}, {"faultsOf": {"1.5.0": {"ERROR_RATE": "2"}}}, {"settings": {"lower": "x"}},
    {"probes": {"readiness": {"path": "x"}}},
])
def test_wrong_values_are_refused(chart: Chart, values: dict[str, Any]) -> None:
    done = chart.run("template", "shop", str(CHART), **values)
    assert done.returncode != 0
    assert "don't meet the specifications of the schema" in done.stderr or "failed parsing" in done.stderr
