"""The demo's own judgement; that the whole of it ends well is what `make demo` shows."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab import demo_place, demo_steps
from lab.demo_place import OWN, Place, choose, held_by
from lab.demo_table import Row, table
from lab.demo_typed import typed
from lab.settings import find
from tests.lab.conftest import Start

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_table_names_what_is_not_as_expected() -> None:
    rows = [Row("good", "exit 0", "exit 0", 3.4), Row("bad one", "exit 2", "exit 0", 60)]
    assert table(rows).splitlines() == [
        "step     expected  got     seconds",
        "good     exit 0    exit 0        3",
        "bad one  exit 2    exit 0       60  <- NOT AS EXPECTED",
    ]


def test_kubeconfig_alone_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OWN:
        monkeypatch.delenv(name, raising=False)
    assert choose().lab is not None
    monkeypatch.setenv("KUBECONFIG", "production.conf")
    place = choose()
    assert place.lab is not None
    assert place.environment["KUBECONFIG"] == str(find("lab").run / "admin.conf")


def test_a_cluster_of_ones_own_is_taken_when_all_of_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_RELEASE_KUBECONFIG", raising=False)
    for name, value in zip(OWN, ("own.conf", "http://gate.example:81", "http://prom.example", "r.example"),
                           strict=True):
        monkeypatch.setenv(name, value)
    place = choose()
    assert place.lab is None
    assert place.environment["LAB_RELEASE_KUBECONFIG"] == "own.conf"
    assert place.environment["LAB_LOAD_ALLOW"] == "gate.example"
    assert "r.example/shop" in " ".join(demo_steps.steps(place)[0].argv)


def lease(holder: str) -> str:
    return json.dumps({"spec": {"holderIdentity": holder, "renewTime": "2026-01-02T03:04:05.000000Z",
                                "leaseDurationSeconds": 45}})


@pytest.mark.parametrize(("answer", "seconds", "holder"), [
    ("", 0, ""), (lease(""), 1, ""), (lease("somebody"), 44, "somebody"), (lease("somebody"), 46, ""),
])
def test_a_release_under_way_is_seen(answer: str, seconds: int, holder: str) -> None:
    assert held_by(answer, NOW + timedelta(seconds=seconds)) == holder


def test_who_serves_is_asked_of_the_gateway(start: Start) -> None:
    sample = start(VERSION="1.0.0").listening()
    place = Place({"LAB_GATEWAY_URL": sample.url}, None)
    assert place.serving("1.0.0", patience=0) == "1.0.0"
    sample.ask("/faults", {"error_rate": 1})
    assert place.serving("1.0.0", patience=0) == "500 of 1.0.0"
    sample.end()
    assert place.serving("1.0.0", patience=0) == "nobody"


def test_a_command_runs_from_the_root_and_its_code_counts(capfd: pytest.CaptureFixture[str]) -> None:
    assert typed([sys.executable, "-c", "import os; print(os.getcwd()); raise SystemExit(3)"], os.environ) == 3
    said = capfd.readouterr().out
    assert said.startswith("$ ") and said.rstrip().endswith(str(demo_place.ROOT))


def test_an_interrupted_demo_ends_its_command_as_ctrl_c_does(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = ("import pathlib, sys, time\nmark = pathlib.Path(sys.argv[1])\nmark.write_text('runs')\n"
             "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    mark.write_text('brought to the safe side')\n")
    parent = ("import os, sys\nfrom lab.demo_typed import typed\n"
              "typed([sys.executable, '-c', sys.argv[1], sys.argv[2]], os.environ)\n")
    demo = subprocess.Popen([sys.executable, "-c", parent, child, str(mark)], cwd=demo_place.ROOT,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)
    killer = threading.Timer(0.2, demo.send_signal, [signal.SIGINT])
    killer.start()
    assert demo.wait(20) != 0
    assert mark.read_text() == "brought to the safe side"
