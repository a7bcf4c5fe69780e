"""What a worker knows of its run, asked in real processes: its id, and when it has to stop."""
from __future__ import annotations

import datetime
import getpass
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.plugin_utils import process
from ansible_collections.releng.runbooks.plugins.plugin_utils.process import Stop, run_id, who

ROOT = Path(__file__).parents[4]
COLLECTIONS = ROOT / "playbooks" / "collections"
IMPORT = "from ansible_collections.releng.runbooks.plugins.plugin_utils.process import Stop, run_id\n"
# A main process that forks two workers, as ansible-playbook does; each says the id of the run.
MAIN = IMPORT + """
import os
for _worker in range(2):
    if os.fork() == 0:
        print(run_id(), flush=True)
        os._exit(0)
    os.wait()
"""
# A worker that tells when it began, and why it has to stop; its main process ends when a line comes in.
ORPHAN = IMPORT + """
import os, sys, time
if os.fork():
    sys.stdin.readline()
    os._exit(0)
with Stop() as stop:
    print("begun", flush=True)
    until = time.monotonic() + 20
    while not stop.asked() and time.monotonic() < until:
        time.sleep(0.02)
    print(stop.asked(), flush=True)
"""


def start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(COLLECTIONS)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip


# The id of the run


def test_all_workers_of_a_run_say_the_same_and_two_runs_do_not() -> None:
    runs = [start(MAIN) for _run in range(2)]
    ids = [run.communicate(timeout=30)[0].split() for run in runs]
    assert [len(both) for both in ids] == [2, 2]
    assert ids[0][0] == ids[0][1] != ids[1][0] == ids[1][1]


def test_it_begins_with_the_start_of_the_run_in_utc() -> None:
    before = datetime.datetime.now(datetime.UTC)
    found = start(MAIN).communicate(timeout=30)[0].split()[0]
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", found)
    began = datetime.datetime.strptime(found[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    assert abs((began - before).total_seconds()) < 5


def test_without_proc_it_is_asked_of_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS; the second is the same, since both say when the process began."""
    expected = run_id()
    real = open

    def no_proc(path: Any, *args: Any, **kwargs: Any) -> Any:
        if str(path).startswith("/proc/"):
            raise FileNotFoundError(path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr("builtins.open", no_proc)
    monkeypatch.setattr(process.subprocess, "run", _ps_of_now)
    assert re.fullmatch(r"20260102T030405Z-[0-9a-f]{6}", run_id())
    assert run_id() != expected


def _ps_of_now(argv: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
    assert argv == ["ps", "-o", "lstart=", "-p", str(os.getppid())]
    assert how["env"]["LC_ALL"] == "C"
    local = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC).astimezone()
    return subprocess.CompletedProcess(argv, 0, f"{local:%a %b %e %H:%M:%S %Y}\n", "")


# Who it is


def test_who_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert who({}) == f"{getpass.getuser()}@{socket.gethostname()}"
    assert who({"awx_user_name": "ann", "tower_user_name": "old"}) == "ann"
    assert who({"awx_user_name": "", "tower_user_name": "bob"}) == "bob"


# When it has to stop


@pytest.mark.parametrize("number", Stop.SIGNALS, ids=lambda number: number.name)
def test_a_signal_asks_to_stop_and_nothing_else_happens(number: signal.Signals) -> None:
    with Stop() as stop:
        assert stop.asked() == ""
        os.kill(os.getpid(), number)
        assert stop.asked() == f"interrupted by {number.name}"


def test_the_first_signal_is_the_reason() -> None:
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked() == "interrupted by SIGTERM"


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in Stop.SIGNALS]

    def fails() -> None:
        with Stop():
            assert [signal.getsignal(number) for number in Stop.SIGNALS] != before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert [signal.getsignal(number) for number in Stop.SIGNALS] == before


def test_a_worker_whose_main_process_was_killed_has_to_stop() -> None:
    main = start(ORPHAN)
    assert main.stdout is not None
    try:
        assert main.stdout.readline() == "begun\n"
        main.kill()
        before = time.monotonic()
        assert main.stdout.readline() == "ansible-playbook itself is gone\n"
        assert time.monotonic() - before < 5
    finally:
        main.communicate(timeout=30)
