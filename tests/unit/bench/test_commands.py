"""The stopwatch: lines with their times, memory, and nothing left behind."""
from __future__ import annotations

import os
import sys

import pytest

from tests.bench import memory
from tests.bench.commands import started, timed

WAITS = [sys.executable, "-c", "import signal; print('here', flush=True); signal.pause()"]


def test_a_command_is_told_with_its_lines_and_its_memory() -> None:
    done = timed([sys.executable, "-c", "print('one'); print('two: 2')"], os.environ)
    assert (done.code, done.out) == (0, "one\ntwo: 2")
    assert 0 < done.when(r"two: \d") <= done.seconds
    assert done.largest > 1
    assert done.expect(0) is done


def test_a_line_that_never_came_and_a_wrong_code_show_what_was_printed() -> None:
    done = timed([sys.executable, "-c", "print('so it was'); raise SystemExit(3)"], os.environ)
    with pytest.raises(AssertionError, match="so it was"):
        done.when("never")
    with pytest.raises(AssertionError, match="with 3 instead of 0"):
        done.expect(0)


def test_a_command_that_does_not_end_is_ended() -> None:
    done = timed(WAITS, os.environ, limit=1)
    assert done.code != 0 and done.out.startswith("here")


def test_whoever_leaves_the_block_leaves_nothing_running() -> None:
    with started(WAITS, os.environ) as child:
        assert child.stdout and child.stdout.readline() == b"here\n"
        assert child.pid in memory.family(os.getpid())
        assert memory.megabytes(child.pid) > 1
    assert child.returncode is not None
    assert memory.megabytes(child.pid) == 0.0 and memory.command(child.pid) == b""
