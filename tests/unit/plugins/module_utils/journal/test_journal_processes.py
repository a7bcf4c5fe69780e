# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real processes: many writers at once, a fork in the middle, and SIGKILL."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal, ReleaseRecord

Record = Callable[..., ReleaseRecord]
FORK = multiprocessing.get_context("fork")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks with an open database are a matter of Linux")


@contextmanager
def child(work: Callable[[int], None]) -> Iterator[tuple[int, int]]:
    """A forked process that runs ``work(pipe)``; killed and reaped in the end. Gives (pid, pipe to read)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            work(writer)
        finally:
            os._exit(0)
    os.close(writer)
    try:
        yield pid, reader
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)


def write_many(url: str, record: ReleaseRecord, target: str, entries: int) -> None:
    journal = Journal.open(url)
    journal.begin(record)
    for number in range(entries):
        entry = journal.intent(record.release, target, "canary_shift", f"step {number}", {}, {}, token=1)
        journal.result(entry, True, {"number": number})
    journal.end(record.release, target, "released", "")


def test_all_targets_of_a_run_write_at_the_same_time(url: str, record: Record) -> None:
    targets = [f"shop-{number}" for number in range(8)]
    arguments = [(url, record(targets=targets), target, 10) for target in targets]
    workers = [FORK.Process(target=write_many, args=each) for each in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 8
    journal = Journal.open(url)
    assert journal.verify("r1") == []
    assert [entry.kind for entry in journal.entries("r1")].count("begin") == 1
    for target in targets:
        entries = journal.entries("r1", target)
        assert [entry.action for entry in entries if entry.kind == "result"] == [f"step {n}" for n in range(10)]
        assert [entry.seq for entry in entries] == list(range(1, 22))
    (summary,) = journal.releases()
    assert summary.finished and len(journal.heads("r1")) == 9  # one a target, one for the beginning


def test_a_journal_that_went_through_a_fork_begins_a_chain_of_its_own(journal: Journal, record: Record) -> None:
    journal.begin(record())
    journal.note("r1", "shop-eu", "precheck", "finding", {"by": "parent"})

    def work(pipe: int) -> None:
        journal.note("r1", "shop-eu", "precheck", "finding", {"by": "child"})
        os.write(pipe, b"done")

    with child(work) as (pid, reader):
        assert os.read(reader, 4) == b"done"
    journal.note("r1", "shop-eu", "precheck", "finding", {"by": "parent"})
    entries = journal.entries("r1", "shop-eu")
    assert [(entry.data["by"], entry.seq) for entry in entries] == [("parent", 1), ("child", 1), ("parent", 2)]
    assert f"r1/shop-eu/{os.getpid()}." in entries[0].writer and f"r1/shop-eu/{pid}." in entries[1].writer
    assert entries[0].writer == entries[2].writer
    assert journal.verify("r1") == []


def test_no_connection_is_open_between_two_calls(journal: Journal, record: Record) -> None:
    journal.begin(record())
    journal.releases()
    opened = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    assert not [path for path in opened if path.startswith(str(journal.place.path))]


def test_killed_between_intent_and_result_the_open_intent_is_listed(journal: Journal, record: Record) -> None:
    journal.begin(record())

    def work(pipe: int) -> None:
        done = journal.intent("r1", "shop-eu", "canary", "create", {}, {}, token=3)
        journal.result(done, True, {})
        journal.intent("r1", "shop-eu", "canary_shift", "10 %", {"stable": 100}, {"stable": 90}, token=3)
        os.write(pipe, b"shifting")
        time.sleep(60)

    with child(work) as (pid, reader):
        assert os.read(reader, 8) == b"shifting"
        os.kill(pid, signal.SIGKILL)
        (open_,) = journal.open_intents("r1")
    assert (open_.target, open_.stage, open_.action, open_.token) == ("shop-eu", "canary_shift", "10 %", 3)
    assert open_.data == {"before": {"stable": 100}, "after": {"stable": 90}}
    assert journal.open_intents("r1", "shop-us") == [] and journal.verify("r1") == []
    journal.result(open_.id, False, {"by": "recover"})  # somebody else may close it, in a chain of his own
    assert journal.open_intents("r1") == [] and journal.verify("r1") == []


def test_killed_at_any_moment_every_entry_that_was_acknowledged_is_there(journal: Journal, record: Record) -> None:
    journal.begin(record())
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    acknowledged: list[int] = []

    def work(pipe: int) -> None:
        while True:
            os.write(pipe, b"%d\n" % journal.note("r1", "shop-eu", "canary_shift", "step", {"filler": "x" * 500}))

    for _round in range(6):
        with child(work) as (pid, reader):
            first = os.read(reader, 65536)
            time.sleep(dice.uniform(0, 0.05))
            os.kill(pid, signal.SIGKILL)
            text = first
            while block := os.read(reader, 65536):
                text += block
        acknowledged += [int(line) for line in text.decode().split()]
    stored = [entry.id for entry in journal.entries("r1", "shop-eu")]
    assert set(acknowledged) <= set(stored), f"seed {seed}"
    assert len(stored) - len(acknowledged) <= 6, f"seed {seed}"  # at most the one under way in each round
    assert journal.verify("r1") == [], f"seed {seed}"


def test_many_processes_make_the_same_new_journal(tmp_path: Path, record: Record) -> None:
    for attempt in range(5):
        url = f"sqlite:///{tmp_path}/{attempt}/journal.db"
        workers = [FORK.Process(target=write_many, args=(url, record(), f"shop-{n}", 0)) for n in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0] * 6
        assert len(Journal.open(url).entries("r1")) == 7
