# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A child ends with us, can be stopped with all that it started, and says no secret; with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound
from ansible_collections.releng.runbooks.plugins.module_utils.helm_child import MAX_OUTPUT, Child
from ansible_collections.releng.runbooks.plugins.module_utils.poll import SystemClock

ROOT = Path(__file__).parents[4]
LONG = "import time; time.sleep(60)"
DEAF = "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(2, b'deaf')"
PARENT = (
    "import os, subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {}]); os.write(2, b'%d' % p.pid); p.wait()"
)


def python(code: str, stdin: str = "") -> Child:
    return Child([sys.executable, "-c", code], stdin=stdin)


def until(true: Callable[[], object], what: str) -> None:
    """What other processes do has no clock that could be handed in: look until it is so, five seconds at most."""
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_reads_what_it_is_given_and_ends() -> None:
    with python("import sys; sys.stderr.write(sys.stdin.read()[::-1]); sys.exit(3)", stdin="olleh") as child:
        assert child.wait(SystemClock(), 30) == 3
        assert (child.poll(), child.output()) == (3, "hello")
    assert child.output() == "", "closed"


def test_it_is_still_at_work() -> None:
    with python(LONG) as child:
        assert child.poll() is None
        assert child.wait(SystemClock(), 0) is None
        assert os.getpgid(child.pid) == child.pid != os.getpgid(0), "a group of its own: Ctrl-C does not reach it"
    assert child.poll() == -signal.SIGTERM, "leaving stops it"


def test_stop_ends_what_it_started_too() -> None:
    with python(PARENT.format(repr(LONG))) as child:
        until(lambda: child.output().strip(), "it did not start")
        grandchild = int(child.output())
        assert alive(grandchild)
        assert child.stop() != 0
        until(lambda: not alive(grandchild), "the grandchild was left behind")
        assert child.stop() == child.poll(), "stopping twice is one stop"


def test_stop_kills_what_does_not_listen() -> None:
    with python(f"{DEAF}; {LONG}") as child:
        until(lambda: "deaf" in child.output(), "it did not start")
        assert child.stop(grace=0.1) == -signal.SIGKILL


def test_secrets_are_masked_before_the_end_is_cut_out() -> None:
    end = "x" * (MAX_OUTPUT - 10)
    code = f"import sys; sys.stderr.write('old ' * 3000 + 'password=' + 'lynx' * 5 + ' owl ' + {end!r})"
    with python(code) as child:
        assert child.wait(SystemClock(), 30) == 0
        assert len(child.output()) == MAX_OUTPUT
        assert "lynx" not in child.output() and child.output().endswith(end)
    with Child([sys.executable, "-c", "import sys; sys.stderr.write('it is owl-22')"], secrets=["owl-22"]) as child:
        assert child.wait(SystemClock(), 30) == 0
        assert child.output() == "it is ********"


def test_no_such_program() -> None:
    with pytest.raises(NotFound, match="There is no program 'no-such-helm'"):
        Child(["no-such-helm"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_it_ends_when_we_are_killed() -> None:
    """A worker that starts a child and is killed: nothing of ours runs any more, and the child has to end."""
    code = (
        "import sys, time; from ansible_collections.releng.runbooks.plugins.module_utils.helm_child import Child; "
        f"child = Child([sys.executable, '-c', {LONG!r}]); print(child.pid, flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "playbooks/collections")}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        assert alive(pid)
        worker.kill()
    until(lambda: not alive(pid), "the child was left behind")
