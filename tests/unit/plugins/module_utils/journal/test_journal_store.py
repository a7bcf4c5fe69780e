# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    NotFound,
    Refused,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.journal import RESULTS, Journal, ReleaseRecord

Record = Callable[..., ReleaseRecord]


def test_nothing_is_created_before_the_first_entry(journal: Journal) -> None:
    assert journal.releases() == [] and journal.entries("r1") == [] and journal.open_intents("r1") == []
    assert not journal.place.path.parent.exists()


def test_file_and_directories_are_the_owners_alone(journal: Journal, record: Record, tmp_path: Path) -> None:
    journal.begin(record())
    journal.evidence("r1", "shop-eu", "gate").append({"value": 1})
    modes = {path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {
        "state": 0o700,
        "state/releng": 0o700,
        "state/releng/journal.db": 0o600,
        "state/releng/evidence": 0o700,
        "state/releng/evidence/r1": 0o700,
        "state/releng/evidence/r1/shop-eu": 0o700,
        "state/releng/evidence/r1/shop-eu/gate.jsonl": 0o600,
    }


def test_begin_is_written_once_whoever_calls_first(journal: Journal, record: Record) -> None:
    assert journal.begin(record(reason="first")) is True
    assert journal.begin(record(reason="second")) is False
    assert journal.release("r1").reason == "first"
    assert [entry.kind for entry in journal.entries("r1")] == ["begin"]


def test_begin_refuses_an_id_that_belongs_to_another_run(journal: Journal, record: Record) -> None:
    journal.begin(record())
    with pytest.raises(Conflict, match="Release r1 was begun as release by ada@ctl, not as rollback by ada@ctl."):
        journal.begin(record(procedure="rollback"))


def test_intent_and_result_are_rows_of_their_own(journal: Journal, record: Record) -> None:
    journal.begin(record())
    before, after = {"weights": {"stable": 100}}, {"weights": {"stable": 90}}
    entry = journal.intent("r1", "shop-eu", "canary_shift", "10 %", before, after, token=7)
    assert [open_.id for open_ in journal.open_intents("r1")] == [entry]
    journal.result(entry, True, {"seconds": 0.2})
    intent, result = journal.entries("r1", "shop-eu")
    assert (intent.kind, intent.stage, intent.action, intent.ok) == ("intent", "canary_shift", "10 %", None)
    assert (intent.data, intent.token, intent.at) == (
        {"before": before, "after": after}, 7, "2026-03-01T12:00:00.000Z",
    )
    assert (result.kind, result.stage, result.action, result.ok) == ("result", "canary_shift", "10 %", True)
    assert (result.intent, result.token, result.data) == (intent.id, 7, {"seconds": 0.2})
    assert journal.open_intents("r1") == []


def test_a_result_may_be_repeated_but_not_changed(journal: Journal, record: Record) -> None:
    journal.begin(record())
    entry = journal.intent("r1", "shop-eu", "promote", "helm upgrade", {}, {}, token=1)
    first = journal.result(entry, False, {"error": "timed out", "password": "hunter2"})
    assert journal.result(entry, False, {"error": "timed out", "password": "hunter2"}) == first
    with pytest.raises(Conflict, match=rf"Intent {entry} of shop-eu \(promote: helm upgrade\) has another result"):
        journal.result(entry, True, {})
    assert len(journal.entries("r1", "shop-eu")) == 2


def test_a_result_needs_its_intent(journal: Journal, record: Record) -> None:
    journal.begin(record())
    note = journal.note("r1", "shop-eu", "precheck", "finding", {"check": "lock"})
    for entry in (note, 999):
        with pytest.raises(NotFound, match=f"Entry {entry} of the journal .* is no intent."):
            journal.result(entry, True, {})


def test_nothing_is_written_for_a_release_that_was_not_begun(journal: Journal, record: Record) -> None:
    journal.begin(record())
    with pytest.raises(NotFound, match="Release r2 was not begun in the journal"):
        journal.note("r2", "shop-eu", "precheck", "finding", {})
    with pytest.raises(NotFound, match="Release r2 is not in the journal"):
        journal.release("r2")


def test_notes_carry_the_token_of_the_last_intent(journal: Journal, record: Record) -> None:
    journal.begin(record())
    journal.note("r1", "shop-eu", "precheck", "finding", {})
    journal.intent("r1", "shop-eu", "canary", "create", {}, {}, token=4)
    journal.note("r1", "shop-eu", "canary_shift", "step", {})
    journal.note("r1", "shop-eu", "canary_shift", "step", {}, token=5)
    journal.end("r1", "shop-eu", "released", "")
    assert [entry.token for entry in journal.entries("r1", "shop-eu")] == [0, 4, 4, 5, 5]


@pytest.mark.parametrize("kind", ["", "intent", "result", "begin", "end"])
def test_a_note_may_not_pass_as_something_else(journal: Journal, record: Record, kind: str) -> None:
    journal.begin(record())
    with pytest.raises(Refused, match=f"A note cannot be of kind '{kind}'"):
        journal.note("r1", "shop-eu", "precheck", kind, {})


def test_an_end_is_one_of_the_known_ones_and_the_last_one_counts(journal: Journal, record: Record) -> None:
    journal.begin(record())
    with pytest.raises(Refused, match=f"cannot end as 'fine'; allowed: {', '.join(RESULTS)}."):
        journal.end("r1", "shop-eu", "fine", "")
    journal.end("r1", "shop-eu", "stuck", "route is gone")
    journal.end("r1", "shop-eu", "taken_back", "by recover")
    (summary,) = journal.releases()
    assert summary.results == {"shop-eu": "taken_back"} and not summary.finished
    journal.end("r1", "shop-us", "released", "")
    (summary,) = journal.releases()
    assert summary.finished and summary.ended == "2026-03-01T12:00:00.000Z"


def test_releases_come_newest_first_and_by_target(journal: Journal, record: Record) -> None:
    journal.begin(record("r1", targets=["shop-eu"], started="2026-03-02T00:00:00Z"))  # its clock was ahead
    journal.begin(record("r2", targets=["shop-us"]))
    journal.begin(record("r3", targets=["shop-eu", "shop-us"], versions={"shop": "1.20", "token-api": "2"}))

    def names(**options: object) -> list[str]:
        return [summary.record.release for summary in journal.releases(**options)]  # type: ignore[arg-type]

    assert names() == ["r3", "r2", "r1"]
    assert names(limit=2) == ["r3", "r2"]
    assert names(target="shop-eu") == ["r3", "r1"]
    assert names(target="shop-eu", limit=1) == ["r3"]
    assert names(target="other") == []
    assert journal.release("r3").versions == {"shop": "1.20", "token-api": "2"}


def test_targets_that_join_later_are_found_too(journal: Journal, record: Record) -> None:
    journal.begin(record(targets=["shop-eu"]))
    journal.begin(record(targets=["shop-eu", "shop-us"]))
    assert [summary.record.release for summary in journal.releases(target="shop-us")] == ["r1"]


def test_no_row_can_be_changed_or_removed(journal: Journal, record: Record) -> None:
    journal.begin(record())
    journal.end("r1", "shop-eu", "stuck", "")
    database = sqlite3.connect(journal.place.path)
    for table in ("entries", "releases", "members"):
        for statement in (f"UPDATE {table} SET release = 'r9'", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="the journal is append-only"):
                database.execute(statement)


def test_commits_are_durable_and_readers_do_not_wait(journal: Journal, record: Record) -> None:
    journal.begin(record())
    with journal._database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert [summary.record.release for summary in journal.releases()] == ["r1"]


def test_a_writer_that_waits_too_long_says_so(url: str, record: Record) -> None:
    journal, patient = Journal.open(url), Journal.open(url, busy=0.05)
    journal.begin(record())
    with (
        journal._database.write(),
        pytest.raises(Unreachable, match=r"The journal .* was in use by others for 0.05 s\."),
    ):
        patient.note("r1", "shop-eu", "precheck", "finding", {})
    assert patient.note("r1", "shop-eu", "precheck", "finding", {}) > 0


def test_a_failed_entry_leaves_no_trace(journal: Journal, record: Record) -> None:
    journal.begin(record())

    def half() -> None:
        with journal._database.write() as connection:
            journal._append(connection, "r1", "shop-eu", "step")
            connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(RunbookError, match="The journal .* cannot be written: .*no such table"):
        half()
    assert journal.entries("r1", "shop-eu") == [] and journal.verify("r1") == []


def test_a_file_of_something_else_is_left_alone(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE entries (x)")
    other.close()
    journal = Journal.open(f"sqlite:///{path}")
    for act in (lambda: journal.begin(record()), journal.releases):
        with pytest.raises(RunbookError, match="other.db is no journal of this version"):
            act()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(RunbookError, match="other.db cannot be written: file is not a database"):
        journal.begin(record())


def test_a_newer_journal_is_neither_read_nor_written(journal: Journal, record: Record) -> None:
    journal.begin(record())
    with sqlite3.connect(journal.place.path) as database:
        database.execute("PRAGMA user_version = 2")
    later = Journal.open(str(journal.place.url))
    for act in (lambda: later.begin(record("r2")), later.releases):
        with pytest.raises(RunbookError, match=r"no journal of this version \(found 2, known 1\)"):
            act()


def test_what_the_disk_says_is_passed_on(journal: Journal, record: Record) -> None:
    journal.begin(record())
    evidence = journal.evidence("r1", "shop-eu", "gate")
    evidence.path.mkdir(parents=True)
    with pytest.raises(RunbookError, match="Evidence cannot be written to .*: Is a directory."):
        evidence.append({})


def test_a_full_disk_is_named(journal: Journal, record: Record) -> None:
    journal.begin(record())
    with sqlite3.connect(journal.place.path) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]

    def no_more_pages(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sqlalchemy.event.listen(journal._database._connect(), "connect", no_more_pages)

    def fill() -> None:
        for _ in range(20):
            journal.note("r1", "shop-eu", "canary", "step", {"log": "x" * 4000})

    with pytest.raises(RunbookError, match="The journal .* cannot be written: database or disk is full."):
        fill()
    assert journal.verify("r1") == []


def test_secrets_do_not_reach_the_file(url: str, record: Record) -> None:
    journal = Journal.open(url, secrets=["zebra-crossing"])
    journal.begin(record(command="run -e db_password=tiger --token lion", reason="because zebra-crossing"))
    entry = journal.intent("r1", "shop-eu", "canary", "create zebra-crossing", {"api_key": "puma"}, {}, token=3)
    journal.result(entry, False, {"error": "https://ops:lynx@host/ refused, Authorization: Bearer ocelot-ocelot-cat"})
    journal.note("r1", "shop-eu", "canary", "probe", {"headers": {"Authorization": "Basic caracal"}})
    journal.end("r1", "shop-eu", "stuck", "zebra-crossing again")
    journal.evidence("r1", "shop-eu", "gate").append({"cookie": "margay", "text": "zebra-crossing"})
    written = b"".join(path.read_bytes() for path in journal.place.path.parent.rglob("*") if path.is_file())
    for secret in (b"zebra", b"tiger", b"lion", b"puma", b"lynx", b"ocelot", b"caracal", b"margay"):
        assert secret not in written
    assert journal.release("r1").command == "run -e db_password=******** --token ********"
    assert journal.verify("r1") == []


def test_an_entry_has_a_largest_size(journal: Journal, record: Record) -> None:
    journal.begin(record(reason="x" * 100_000))
    journal.note("r1", "shop-eu", "canary", "step", {"log": "y" * 100_000, "code": 1})
    begin, step = journal.entries("r1")
    assert step.data["code"] == 1 and step.data["log"].endswith("… [cut, 100000 characters]")
    assert step.data["cut"] == "entry of 100019 bytes"
    assert len(begin.data["reason"]) < 5000
    assert journal.verify("r1") == []


def test_evidence_of_old_releases_goes_and_that_of_unfinished_ones_stays(journal: Journal, record: Record) -> None:
    for name in ("r1", "r2", "r3", "r4"):
        journal.begin(record(name, targets=["shop-eu"]))
        journal.evidence(name, "shop-eu", "gate").append({"release": name})
        if name != "r1":
            journal.end(name, "shop-eu", "released", "")
    assert journal.prune_evidence(keep=2) == ["r2"]
    assert journal.prune_evidence(keep=2) == []
    left = {name: journal.evidence(name, "shop-eu", "gate").read() for name in ("r1", "r2", "r3", "r4")}
    assert left == {name: [] if name == "r2" else [{"release": name}] for name in left}
    assert len(journal.releases()) == 4
    with pytest.raises(Refused, match="Evidence of -1 releases cannot be kept"):
        journal.prune_evidence(keep=-1)
