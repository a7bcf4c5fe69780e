"""The sample service: it has to fail in just the ways that it is told to, and in no other."""
from __future__ import annotations

import json
import signal
import subprocess
import threading
import time

import pytest

from lab import golang
from lab.settings import HERE
from tests.lab.conftest import Start
from tests.lab.sample import BID, Answer, Sample


def counted(sample: Sample, name: str) -> float:
    """The value of one line of /metrics."""
    lines = sample.ask("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])


def test_every_answer_names_the_version(start: Start) -> None:
    sample = start().listening()
    for path in ("/", "/health", "/health/live", "/metrics", "/nowhere"):
        assert sample.ask(path).version == "1.2.3", path
    assert sample.ask("/").json["version"] == "1.2.3"
    assert sample.ask("/nowhere").status == 404


def test_health_answers_in_the_three_shapes(start: Start) -> None:
    sample = start().listening()
    live, ready, full = (sample.ask(path).json for path in ("/health/live", "/health/ready", "/health"))
    assert live["status"] == "ok" and live["timestamp"].endswith("Z")
    assert ready == {"status": "ready", "checks": {"database": "connected"}}
    assert (full["status"], full["version"]) == ("healthy", "1.2.3")
    assert full["services"]["database"] == {"status": "connected", "latency": 2}
    assert full["uptime"] >= 0 and full["metrics"]["memoryUsage"] > 0 and full["metrics"]["cpuUsage"] >= 0


def test_a_lost_database_fails_all_but_liveness(start: Start) -> None:
    sample = start(DATABASE="disconnected").listening()
    assert sample.ask("/health/live").status == 200
    for path in ("/health", "/health/ready", "/health/database"):
        assert sample.ask(path).status == 503, path
    assert sample.ask("/bid", BID).status == 503


@pytest.mark.parametrize(("body", "status"), [
    (BID, 200),
    ({**BID, "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.51}]}, 204),
    ({**BID, "id": ""}, 400),
    ({**BID, "imp": []}, 400),
    ({**BID, "imp": [{"id": "1", "bidfloor": 0.1}]}, 400),
    (b"no json", 400),
])
def test_bids(start: Start, body: object, status: int) -> None:
    answer = start().listening().ask("/bid", body)
    assert answer.status == status
    if status == 200:
        assert answer.json["id"] == BID["id"]
        assert answer.json["seatbid"][0]["bid"][0]["impid"] == "1"


def test_metrics_count_users_only_and_from_zero(start: Start) -> None:
    sample = start().listening()
    assert counted(sample, 'shop_requests_total{code="500"}') == 0
    for path in ("/", "/", "/health", "/health/ready", "/faults"):
        sample.ask(path)
    sample.ask("/bid", BID)
    assert counted(sample, 'shop_requests_total{code="200"}') == 3
    assert counted(sample, "shop_request_duration_seconds_count") == 3
    assert counted(sample, 'shop_build_info{version="1.2.3"}') == 1


def test_error_rate_strikes_users_and_spares_probes(start: Start) -> None:
    sample = start(ERROR_RATE="0.3").listening()
    failed = sum(sample.ask("/").status == 500 for _ in range(400))
    assert 70 <= failed <= 170      # 120 expected; each bound is more than five standard deviations away
    assert all(sample.ask("/health").status == 200 for _ in range(20))
    assert counted(sample, 'shop_requests_total{code="500"}') == failed


def test_latency_has_the_median_asked_for(start: Start) -> None:
    sample = start(LATENCY_MS="40", LATENCY_P99_MS="80").listening()
    took = []
    for _ in range(41):
        begun = time.monotonic()
        sample.ask("/")
        took.append(time.monotonic() - begun)
    assert 0.03 < sorted(took)[20] < 0.06


def test_faults_change_at_run_time_by_name_and_within_bounds(start: Start) -> None:
    sample = start().listening()
    assert sample.ask("/faults", {"error_rate": 1}).status == 200
    assert sample.ask("/").status == 500
    assert sample.ask("/faults", {"never_ready": True}).json["error_rate"] == 1
    assert sample.ask("/health/ready").status == 503
    for wrong in ({"eror_rate": 0}, {"error_rate": 2}, {"latency_ms": -1}, {"database": "gone"}, b"["):
        assert sample.ask("/faults", wrong).status == 400
    assert sample.ask("/faults").json["error_rate"] == 1


def test_only_who_bears_the_token_changes_faults(start: Start) -> None:
    sample = start(ADMIN_TOKEN="not-a-secret").listening()
    assert sample.ask("/faults", {"error_rate": 1}).status == 401
    assert sample.ask("/faults", {"error_rate": 1}, Authorization="Bearer not-a-secret").status == 200
    assert "not-a-secret" not in sample.output.read_text()


def test_a_crash_has_its_code_and_says_why_last(start: Start) -> None:
    sample = start(CRASH_AFTER_S="0.3")
    assert sample.process.wait(10) == 3
    assert sample.lines()[-1].startswith("fatal: ")


def test_a_wrong_setting_ends_it_with_a_sentence(start: Start) -> None:
    sample = start(ERROR_RATE="lots")
    assert sample.process.wait(10) == 2
    assert sample.lines() == ['fatal: ERROR_RATE is "lots", must be a number, true or false']


def test_a_leak_is_memory_that_is_held(start: Start) -> None:
    sample = start(LEAK_MB_PER_S="100").listening()
    time.sleep(1)
    assert sample.ask("/health").json["metrics"]["memoryUsage"] > 50


def test_the_end_waits_for_what_is_under_way(start: Start) -> None:
    sample = start(LATENCY_MS="1500").listening()
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(sample.ask("/")))
    asking.start()
    time.sleep(0.3)
    begun = time.monotonic()
    sample.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert sample.ask("/health/ready").status == 503
    assert sample.process.wait(12) == 0
    asking.join()
    assert [answer.status for answer in answers] == [200]
    assert time.monotonic() - begun < 10


def test_it_can_hang_at_the_end(start: Start) -> None:
    sample = start(HANG_ON_TERM="true").listening()
    sample.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        sample.process.wait(2)
    assert sample.ask("/").status == 200


def test_logs_are_json_lines_and_bounded(start: Start) -> None:
    sample = start(ERROR_RATE="1").listening()
    begun = time.monotonic()
    for _ in range(300):
        sample.ask("/")
    lines = [json.loads(line) for line in sample.lines()]
    assert any(line["level"] == "ERROR" and line["path"] == "/" for line in lines)
    assert len(lines) <= 20 * (int(time.monotonic() - begun) + 2)


def test_go_finds_nothing_to_complain_of() -> None:
    go = golang.toolchain()
    vet = subprocess.run([go, "vet", "."], cwd=HERE / "app", capture_output=True, text=True, timeout=300, check=False)
    assert (vet.returncode, vet.stderr) == (0, "")
    style = subprocess.run([go.resolve().parent / "gofmt", "-l", "."], cwd=HERE / "app", capture_output=True, text=True,
                           timeout=60, check=True)
    assert style.stdout == ""
