"""The load generator: what it counts is what "no request was lost" rests on."""
from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.load import where
from lab.load.cli import main
from lab.load.counts import Counts
from lab.load.http import Answer
from lab.trouble import NotAllowed
from tests.lab.conftest import Start

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("answer", "words"), [
    (Answer(200, "1.0.0"), {"ok"}),
    (Answer(204, "1.0.0"), {"ok"}),
    (Answer(500, "1.5.0"), {"failed", "own"}),
    (Answer(500, "1.0.0"), {"failed", "lost"}),
    (Answer(503, ""), {"failed", "lost"}),
    (Answer(404, ""), {"failed", "lost"}),
    (Answer(0, "", "timeout"), {"failed", "lost"}),
    (Answer(0, "", "refused"), {"failed", "lost"}),
])
def test_only_what_a_bad_version_fails_itself_is_not_lost(answer: Answer, words: set[str]) -> None:
    counts = Counts(bad_versions={"1.5.0"})
    counts.add(3.2, 0.01, answer)
    report = counts.report()
    assert {word for word in ("ok", "failed", "own", "lost", "slow") if report[word]} == words
    assert [entry["second"] for entry in report["by_second"]] == [3]


def test_quantiles_and_slow_answers() -> None:
    counts = Counts(slow=0.5)
    for number in range(100):
        counts.add(number / 10, 0.1 if number < 95 else 0.6, Answer(200, "1.0.0"))
    report = counts.report()
    assert (report["requests"], report["ok"], report["slow"]) == (100, 100, 5)
    assert (report["latency_ms"]["p50"], report["latency_ms"]["p95"]) == (100.0, 600.0)
    assert sum(entry["ok"] for entry in report["by_second"]) == 100


@pytest.mark.parametrize("url", ["http://192.0.2.1", "http://10.0.0.1:8080/", "https://127.0.0.1", "http://",
                                 "http://u@127.0.0.1", "http://8.8.8.8"])
def test_nobody_else_is_put_under_load(url: str) -> None:
    with pytest.raises(NotAllowed):
        where.find(url, {})
    with pytest.raises(NotAllowed):
        where.find(url, {where.ALLOW: "other.example"})


@pytest.mark.parametrize("url", ["http://198.18.255.1:8080", "http://198.19.255.254", "http://127.0.0.1:1", "http://[::1]"])
def test_the_lab_and_this_machine_are(url: str) -> None:
    assert where.find(url, {}).port > 0


def test_a_cluster_of_ones_own_has_to_be_named() -> None:
    target = where.find("http://192.0.2.1:81", {where.ALLOW: "192.0.2.1"}, host="shop.example")
    assert target == where.Target("192.0.2.1", 81, "shop.example")


@pytest.mark.parametrize("words", [["--rate", "501"], ["--rate", "0"], ["--seconds", "901"], ["--timeout", "11"],
                                   ["--rate", "nan"], ["--path", "x"], ["--path", "/ HTTP/1.1\r\nX: y"]])
def test_what_is_out_of_bounds_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://127.0.0.1:1", "--seconds", "1", *words]) == 2
    assert words[0] in capsys.readouterr().err


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize("path", ["/", "/bid"])
def test_it_sends_what_was_asked_for_and_counts_all(start: Start, tmp_path: Path, reuse: bool, path: str) -> None:
    sample, report = start().listening(), tmp_path / "out" / "report.json"
    words = ["--url", sample.url, "--rate", "60", "--seconds", "2", "--path", path, "--report", str(report)]
    assert main([*words, *([] if reuse else ["--no-reuse"])]) == 0
    counted = json.loads(report.read_text())
    assert (counted["requests"], counted["ok"], counted["lost"]) == (120, 120, 0)
    assert counted["versions"]["1.2.3"]["ok"] == 120
    assert 1.8 < counted["seconds"] < 3
    assert 'shop_requests_total{code="200"} 120' in sample.ask("/metrics").text


def test_failures_of_a_version_are_lost_unless_it_is_known_to_be_bad(start: Start, tmp_path: Path) -> None:
    sample, report = start(ERROR_RATE="1").listening(), tmp_path / "report.json"
    words = ["--url", sample.url, "--rate", "40", "--seconds", "1", "--report", str(report)]
    assert main(words) == 1
    assert json.loads(report.read_text())["lost"] == 40
    assert main([*words, "--bad-version", "1.2.3"]) == 0
    counted = json.loads(report.read_text())
    assert (counted["failed"], counted["own"], counted["lost"]) == (40, 40, 0)
    assert counted["failures"] == {"500 from 1.2.3": 40}


def test_an_outage_is_seen_by_the_second(start: Start, tmp_path: Path) -> None:
    sample, report = start().listening(), tmp_path / "report.json"
    killer = threading.Timer(1.0, sample.process.kill)
    killer.start()
    assert main(["--url", sample.url, "--rate", "40", "--seconds", "3", "--report", str(report)]) == 1
    killer.join()
    counted = json.loads(report.read_text())
    assert counted["requests"] == 120 and counted["ok"] + counted["lost"] == 120
    assert counted["by_second"][0]["lost"] == 0 and counted["by_second"][2]["lost"] == 40


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of somebody who takes connections and never answers, save one half of an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                if not taken:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
                    connection.shutdown(socket.SHUT_WR)
                taken.append(connection)

        threading.Thread(target=take, daemon=True).start()
        yield int(server.getsockname()[1])
        for connection in taken:
            connection.close()


def test_half_an_answer_and_none_are_failures(mute: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--url", f"http://127.0.0.1:{mute}", "--rate", "5", "--seconds", "1", "--timeout", "0.5"]
    assert main([*words, "--report", str(report)]) == 1
    assert json.loads(report.read_text())["failures"] == {"cut": 1, "timeout": 4}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_writes_its_report(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    sample, report = start().listening(), tmp_path / "report.json"
    load = subprocess.Popen([sys.executable, "-m", "lab.load", "--url", sample.url, "--rate", "20", "--seconds", "60",
                             "--report", str(report)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 20
    while 'shop_requests_total{code="200"} 0' in sample.ask("/metrics").text and time.monotonic() < until:
        time.sleep(0.1)
    load.send_signal(number)
    said, _ = load.communicate(timeout=10)
    counted = json.loads(report.read_text())
    assert load.returncode == 0 and counted["cut_short"] and counted["requests"] == counted["ok"] > 0
    assert f"{counted['requests']} requests in" in said
