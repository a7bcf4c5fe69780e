"""What Argo Rollouts is given: the pods of the chart, and the same question in the same rhythm."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench import argo, argo_controller
from tests.bench.conviction import LIMIT, QUERY
from tests.bench.place import Place
from tests.red.harness import Site

CHART = """
kind: Service
apiVersion: v1
metadata: {name: argo}
---
kind: Deployment
apiVersion: apps/v1
metadata: {name: argo}
spec:
  replicas: 5
  strategy: {rollingUpdate: {maxSurge: 1}}
  template: {spec: {containers: [{image: "shop:1.0.0"}]}}
---
"""


def test_the_deployment_becomes_a_rollout_of_the_same_pods() -> None:
    service, rollout = argo.manifests(CHART, 20)
    assert service["kind"] == "Service"
    assert (rollout["apiVersion"], rollout["kind"]) == ("argoproj.io/v1alpha1", "Rollout")
    assert rollout["spec"]["template"] == {"spec": {"containers": [{"image": "shop:1.0.0"}]}}
    canary: dict[str, Any] = rollout["spec"]["strategy"]["canary"]
    assert canary["steps"][0] == {"setWeight": 20} and canary["analysis"]["startingStep"] == 1
    assert set(rollout["spec"]["strategy"]) == {"canary"}, "nothing of the Deployment's own strategy is left"


def test_one_failed_measurement_ends_it_and_no_data_does_not(tmp_path: Path) -> None:
    place = Place(Site({"LAB_PROMETHEUS_URL": "http://prometheus.test"}, tmp_path), tmp_path)
    spec = argo.template(place, QUERY, LIMIT, 1.0)["spec"]
    metric = spec["metrics"][0]
    assert (metric["interval"], metric["failureLimit"]) == ("1s", 0)
    assert metric["successCondition"] == "len(result) == 0 || isNaN(result[0]) || result[0] <= 0.05"
    assert metric["provider"]["prometheus"]["address"] == "http://prometheus.test"


def test_the_controller_is_pinned() -> None:
    part = argo_controller.part()
    assert part.version == argo_controller.version() and part.version.count(".") == 2
    assert len({part.key, argo_controller.part().key}) == 1


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.bench.argo.time.sleep", lambda _seconds: None)
    with pytest.raises(AssertionError, match="not within 0 s: the sky falls"):
        argo._until(lambda: False, 0, "the sky falls")
