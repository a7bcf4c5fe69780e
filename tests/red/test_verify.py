"""Is it healthy? Asked of what runs, at any time, without a release."""
from __future__ import annotations

import json
from typing import Any

import pytest

from tests.red.harness import Site

BID = {
    "name": "bid", "of": "bid", "service": "shop", "port": 8080, "path": "/bid", "method": "POST", "timeout": 5,
    "body": {
        "id": "test-deployment-validation",
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.1}],
        "site": {"domain": "test.example.com", "page": "https://test.example.com/page"},
        "device": {"ua": "Mozilla/5.0 (Test Browser)", "ip": "192.168.1.1"},
    },
}  # fmt: skip
DATABASE = {"name": "database", "of": "database", "service": "shop", "port": 8080, "path": "/health/database"}
WELL = "health.status == 'healthy'"
HEALTH = {"name": "health", "service": "shop", "port": 8080, "path": "/health", "expect": [WELL]}
METRIC = {
    "name": "metric", "selector": "app.kubernetes.io/name=shop", "via": "pod", "port": 8080, "path": "/metrics",
    "expect": ["contains(text, 'shop_build_info')"],
}  # fmt: skip


@pytest.fixture(scope="module")
def still(cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Site:
    found = Site(cluster, tmp_path_factory.mktemp("verify"))
    found.baseline()
    return found


def report(site: Site) -> dict[str, Any]:
    return dict(json.loads((site.place / "reports/verify-shop.json").read_text()))


def test_a_service_that_is_well(still: Site) -> None:
    run = still.play("verify", extra={"verify_health_probes": [HEALTH, BID, DATABASE, METRIC]})
    assert run.code == 0 and "healthy: 4 probes" in run.out, run.out
    found = report(still)
    assert found.pop("timestamp")
    assert found == {
        "target": "shop", "service_health": {"health": "healthy", "metric": "healthy"}, "bid_processing": True,
        "database_connectivity": True, "overall_status": "PASS", "problems": [], "recommendation": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"verify_health_probes": [{**HEALTH, "expect": ["health.version == '9.9.9'"]}]}, "health.version == '9.9.9'"),
        ({"verify_health_probes": [{**HEALTH, "path": "/none"}]}, "status 404"),
        ({"verify_health_probes": [{**HEALTH, "port": 9}]}, "probe health is"),
        ({"verify_health_log_patterns": ["listening|started|ready"], "verify_health_log_tail": 100}, "shop"),
    ],
    ids=["an expectation", "a status", "nobody listens", "a line in the logs"],
)
def test_a_service_that_is_not(still: Site, variables: dict[str, Any], named: str) -> None:
    run = still.play("verify", extra=variables)
    assert run.code == 2 and named in run.out and "is not healthy" in run.out, run.out
    found = report(still)
    assert found["overall_status"] == "FAIL" and found["problems"] and "Roll back" in found["recommendation"]


def test_a_secret_in_a_probe_is_in_no_output(still: Site) -> None:
    probe = {**HEALTH, "headers": {"Authorization": "Bearer hunter2-abc"}, "path": "/none"}
    run = still.play("verify", "-vvv", extra={"verify_health_probes": [probe]})
    assert run.code == 2, run.out
    given = run.out.count("hunter2-abc")
    assert given == 0 and "hunter2" not in json.dumps(report(still))


def test_status_shows_the_last_lines_of_each_pod(still: Site) -> None:
    run = still.play("status", extra={"status_log_lines": 2})
    assert run.code == 0, run.out
    assert "shop 1.0.0 (revision" in run.out and "2 of 2 pods available" in run.out
    pods = still.kubectl("get", "pods", "-l", "app.kubernetes.io/name=shop", "-o", "name").split()
    assert all(pod.removeprefix("pod/") in run.out for pod in pods)
