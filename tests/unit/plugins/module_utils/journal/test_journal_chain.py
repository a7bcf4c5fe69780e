# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever changes the file behind our back is found out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal, ReleaseRecord, chain
from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import entry_hash

Record = Callable[..., ReleaseRecord]


@pytest.fixture
def written(journal: Journal, record: Record) -> Journal:
    journal.begin(record())
    for number in (1, 2, 3):
        entry = journal.intent("r1", "shop-eu", "canary_shift", f"step {number}", {}, {"weight": number}, token=1)
        journal.result(entry, True, {})
    return journal


def tamper(journal: Journal, *statements: str) -> None:
    """With the file in hand, triggers protect nothing."""
    with sqlite3.connect(journal.place.path) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "problems"),
    [
        ("UPDATE entries SET data = '{}' WHERE seq = 3", ["Entry 3 of chain {w} was changed after it was written."]),
        ("UPDATE entries SET ok = 0 WHERE seq = 4", ["Entry 4 of chain {w} was changed after it was written."]),
        ("UPDATE entries SET at = '2020' WHERE seq = 2", ["Entry 2 of chain {w} was changed after it was written."]),
        ("UPDATE entries SET token = 9 WHERE seq = 2", ["Entry 2 of chain {w} was changed after it was written."]),
        ("DELETE FROM entries WHERE seq = 4", ["Chain {w} goes from entry 3 to 5."]),
        (
            "DELETE FROM entries WHERE seq = 1 AND target = 'shop-eu'",
            [
                "Chain {w} goes from entry 0 to 2.",
                "Entry 2 of chain {w} is the result of an intent that is not there.",
            ],
        ),
        ("UPDATE releases SET by = 'eve'", ["The head of release r1 was changed after it was written."]),
        ("DELETE FROM entries WHERE kind = 'begin'", ["Release r1 has no beginning."]),
    ],
)
def test_every_change_in_the_middle_is_found(written: Journal, statement: str, problems: list[str]) -> None:
    assert written.verify("r1") == []
    writer = written.entries("r1", "shop-eu")[0].writer
    tamper(written, statement)
    assert written.verify("r1") == [problem.format(w=writer) for problem in problems]


def test_an_entry_hashed_anew_breaks_the_next_one(written: Journal) -> None:
    writer = written.entries("r1", "shop-eu")[0].writer
    forged = dict(written._rows("r1")[3], at="2020-01-01T00:00:00.000Z")
    tamper(
        written,
        f"UPDATE entries SET at = '{forged['at']}', hash = '{entry_hash(forged)}' WHERE id = {forged['id']}",
    )
    assert written.verify("r1") == [f"Entry 4 of chain {writer} does not follow the one before it."]


def test_a_cut_tail_is_found_by_its_anchor_only(written: Journal) -> None:
    anchors = written.heads("r1")
    one_hash = chain.head(anchors)
    writer = written.entries("r1", "shop-eu")[0].writer
    assert written.verify("r1", anchors) == []
    tamper(written, "DELETE FROM entries WHERE seq = 6")
    assert written.verify("r1") == []
    assert written.verify("r1", anchors) == [
        f"Chain {writer} no longer holds the entry {anchors[writer][:12]} that was seen before."
    ]
    assert chain.head(written.heads("r1")) != one_hash


def test_a_chain_that_grew_still_holds_its_anchor(written: Journal) -> None:
    anchors = written.heads("r1")
    written.end("r1", "shop-eu", "released", "")
    assert written.verify("r1", anchors) == []


def test_two_entries_cannot_take_one_place(written: Journal) -> None:
    row = {key: value for key, value in written._rows("r1")[1].items() if key != "id"}
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    with sqlite3.connect(written.place.path) as database, pytest.raises(sqlite3.IntegrityError, match="writer"):
        database.execute(f"INSERT INTO entries ({names}) VALUES ({marks})", list(row.values()))


def test_an_intent_has_one_result(written: Journal) -> None:
    row = {key: value for key, value in written._rows("r1")[2].items() if key != "id"}
    row |= {"seq": 7}
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    with sqlite3.connect(written.place.path) as database, pytest.raises(sqlite3.IntegrityError, match="intent_writer"):
        database.execute(f"INSERT INTO entries ({names}) VALUES ({marks})", list(row.values()))
