# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples in documents are run: probes and gates by their parsers, entries by the journal, queries by SQLite.

In a document, a block of JSON or text is what the block before it answers, or what the block after it is asked about.
"""
from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
import itertools
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import report
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import PHASES, PLACEHOLDERS, Gate, fill
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.journal import RESULTS, Journal, ReleaseRecord, chain
from ansible_collections.releng.runbooks.plugins.module_utils.journal.schema import schema
from ansible_collections.releng.runbooks.plugins.module_utils.probes import Probe, bid_probe

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
CONTEXT = {"version": "v1.4.0", "target": "shop-eu"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text, and the heading that it stands under."""

    place: str
    language: str
    text: str
    heading: str

    def __str__(self) -> str:
        return self.place


def blocks(path: Path) -> list[Block]:
    found, heading, opened = [], "", 0
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if opened and line == "```":
            text = "\n".join(lines[opened : number - 1]) + "\n"
            found.append(Block(f"{path.name}:{opened}", lines[opened - 1][3:], text, heading))
            opened = 0
        elif not opened and line.startswith("```"):
            opened = number
        elif not opened and line.startswith("#"):
            heading = line.lstrip("# ")
    assert not opened, f"{path.name}:{opened} is not closed"
    return found


def examples(variable: str) -> list[Any]:
    """A case for each list that a block of YAML in some document gives to ``variable``."""
    found = []
    for block in (block for path in DOCUMENTS for block in blocks(path) if block.language == "yaml"):
        data = yaml.safe_load(block.text)
        if isinstance(data, dict) and variable in data:
            found.append(pytest.param(data[variable], id=block.place))
    return found


def table(path: Path, header: str) -> list[list[str]]:
    """The rows below the row that begins with ``header``, as cells."""
    _before, found, rest = path.read_text(encoding="utf-8").partition(f"\n| {header} |")
    assert found, f"{path.name} has no table of {header}"
    rows = rest.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# Probes --------------------------------------------------------------------------------------------------------------

PROBES = ROOT / "docs/probes.md"
ANSWERED = [
    (answer, block)
    for answer, block in itertools.pairwise(blocks(PROBES))
    if block.language == "yaml" and answer.language in ("json", "text")
]


@pytest.mark.parametrize("specs", examples("verify_health_probes"))
def test_probes_are_probes(specs: list[dict[str, Any]]) -> None:
    for spec in specs:
        assert Probe.parse(spec).name == spec["name"]


@pytest.mark.parametrize(("answer", "block"), ANSWERED, ids=str)
def test_an_answer_is_what_its_probe_expects(answer: Block, block: Block) -> None:
    (spec,) = yaml.safe_load(block.text)["verify_health_probes"]
    probe, headers = Probe.parse(spec), {"Content-Type": "application/json"}
    assert probe.failed(200, headers, answer.text, CONTEXT) == ()
    assert probe.failed(200, {}, "{}", CONTEXT), "an empty answer has to be worse"


def test_every_part_of_the_document_has_an_example_with_its_answer() -> None:
    shape = "Three shapes of a health answer"
    parts = [shape, shape, shape, "A bid", "The database", "A metric by its name", "From outside"]
    assert [block.heading for _answer, block in ANSWERED] == parts


def test_the_bid_of_the_document_asks_what_ours_asks() -> None:
    (text,) = [block.text for _answer, block in ANSWERED if block.heading == "A bid"]
    (spec,) = yaml.safe_load(text)["verify_health_probes"]
    ours = bid_probe("bidder")
    for key in ("method", "path", "of", "port", "timeout"):
        assert spec[key] == ours[key]
    assert set(spec["body"]) == set(ours["body"])


def test_every_field_of_a_probe_is_told_with_its_default() -> None:
    least = Probe(name="x")
    defaults = {
        field.name: getattr(least, field.name)
        for field in dataclasses.fields(Probe) if field.name not in ("name", "compiled")
    }  # fmt: skip
    told = {}
    for field, _meaning, default in table(PROBES, "field"):
        told[names(field)[0]] = yaml.safe_load(names(default)[0]) if names(default) else default
    assert told.pop("name") == "required"
    assert told == {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}


# Gates ---------------------------------------------------------------------------------------------------------------

GATES = ROOT / "docs/gates.md"


@pytest.mark.parametrize("gates", examples("release_gates"))
def test_gates_are_gates(gates: list[dict[str, Any]]) -> None:
    for number, data in enumerate(gates, 1):
        gate = Gate.parse(data, f"gate {number}")
        assert gate.name == data["name"] and gate.severity == "abort"
        for query in filter(None, (gate.query, gate.errors, gate.total, gate.sample)):
            assert not re.search(r"\{[a-z_]+\}", fill(query, dict.fromkeys(PLACEHOLDERS, "x")))


def test_every_field_of_a_gate_is_told() -> None:
    written = {"for_seconds": "for", "compared": "against"}
    fields = {written.get(field.name, field.name) for field in dataclasses.fields(Gate)} - {"limit"}
    rows = table(GATES, "field")
    assert {name for row in rows for name in names(row[0])} == fields | {"breach", "pass"}
    phases = next(row for row in rows if row[0] == "`phases`")
    assert tuple(names(phases[1])) == PHASES


# The journal ---------------------------------------------------------------------------------------------------------

JOURNAL = ROOT / "docs/journal.md"
RELEASE = "20260301T120000Z-3f9a1c"


def _of_journal(language: str, heading: str = "") -> list[Block]:
    return [block for block in blocks(JOURNAL) if block.language == language and heading in ("", block.heading)]


def _followed(language: str) -> list[Any]:
    """Blocks of that language together with the text after them, which is what comes out."""
    every = blocks(JOURNAL)
    return [
        pytest.param(block, after, id=block.place)
        for block, after in itertools.pairwise(every)
        if block.language == language and after.language == "text"
    ]


def _write(journal: Journal, entry: dict[str, Any], last: dict[str, Any]) -> None:
    """What a line of the example says, by the call that writes it; ``last`` remembers the intent."""
    kind, stage, data = entry["kind"], entry.get("stage", ""), entry["data"]
    if kind == "begin":
        assert journal.begin(ReleaseRecord(**data))
    elif kind == "intent":
        last["id"] = journal.intent(RELEASE, "shop", stage, entry["action"], data["before"], data["after"], token=3)
    elif kind == "result":
        journal.result(last.pop("id"), entry["ok"], data)
    elif kind == "end":
        journal.end(RELEASE, "shop", data["result"], data["reason"])
    else:
        journal.note(RELEASE, "shop", stage, kind, data, token=3)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """The release of the document in ``journal.db``, in the folder that the test works in."""
    monkeypatch.chdir(tmp_path)
    now = [datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)]
    made = Journal.open("sqlite:///journal.db", wall=lambda: now[0])
    (block,) = _of_journal("json", "What is written, and when")
    last: dict[str, Any] = {}
    for entry in json.loads(block.text):
        now[0] = datetime.datetime.fromisoformat(f"2026-03-01T{entry['at']}+00:00")
        _write(made, entry, last)
    yield made
    assert made.verify(RELEASE) == [], "reading has changed something"


def _run(block: Block) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, block.place, "exec"), {})
    return printed.getvalue()


def test_entries_are_kept_as_they_are_told(journal: Journal) -> None:
    (block,) = _of_journal("json", "What is written, and when")
    kept = [(entry.kind, entry.data, entry.at[11:19]) for entry in journal.entries(RELEASE)]
    assert kept == [(entry["kind"], entry["data"], entry["at"]) for entry in json.loads(block.text)]


@pytest.mark.parametrize(("query", "answer"), _followed("sql"))
def test_queries_answer_what_they_are_said_to(query: Block, answer: Block, journal: Journal) -> None:
    with contextlib.closing(sqlite3.connect(f"file:{journal.place.path}?mode=ro", uri=True)) as connection:
        rows = connection.execute(query.text).fetchall()
    assert "".join("|".join(map(str, row)) + "\n" for row in rows) == answer.text


@pytest.mark.parametrize(("program", "printed"), _followed("python"))
def test_programs_print_what_they_are_said_to(program: Block, printed: Block, journal: Journal) -> None:
    assert _run(program) == printed.text


def test_rows_can_be_carried_over_again_and_again(journal: Journal) -> None:
    (block,) = _of_journal("python", "For a team: PostgreSQL")
    for _again in range(2):
        _run(block)
        journal.note(RELEASE, "shop", "record", "finding", {"message": "one more"})
    _run(block)
    entries = schema().entries
    with sqlalchemy.create_engine("sqlite:///copy.db").connect() as connection:
        found = connection.execute(sqlalchemy.select(entries).order_by(entries.c.writer, entries.c.seq))
        rows = [row._asdict() for row in found]
    assert len(rows) == len(journal.entries(RELEASE))
    assert chain.check(rows, journal.heads(RELEASE)) == []


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(Refused, match="allowed is sqlite"):
        Journal.open("postgresql+psycopg://journal@db.example/releases")


def test_what_is_never_in_it(journal: Journal) -> None:
    """Each example of the paragraph, with a value of its own."""
    (part,) = re.findall(r"(?ms)^## Never in it$(.*?)^## ", JOURNAL.read_text(encoding="utf-8"))
    keys, texts = names(part)[:3], names(part)[3:]
    assert keys == ["password", "apiKey", "Authorization"] and len(texts) == 2
    data = {**dict.fromkeys(keys, "hush"), "texts": [text.replace("x", "hush", 1) for text in texts]}
    journal.note(RELEASE, "shop", "record", "finding", {**data, "object": {"kind": "Secret", "data": {"a": "hush"}}})
    assert "hush" not in str(journal.entries(RELEASE)[-1].data)


def test_reports_say_what_they_are_said_to(journal: Journal) -> None:
    made = report.build(journal, RELEASE)
    (shown,) = _of_journal("json", "Reports")
    (head,) = _of_journal("text", "Reports")
    _within(json.loads(shown.text), made, "report")
    assert report.text(made).startswith(head.text)
    assert all(len(found) == 64 for found in made["journal"]["heads"].values())


def test_tables_of_the_document_are_those_of_the_journal(journal: Journal) -> None:
    told = {names(row[0])[0]: names(row[2]) for row in table(JOURNAL, "table")}
    with contextlib.closing(sqlite3.connect(journal.place.path)) as connection:
        assert told == {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in told
        }  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute("DELETE FROM entries")
    assert list(told) == ["releases", "members", "entries"]


def test_kinds_and_fields_are_all_told(journal: Journal) -> None:
    kinds = {names(row[0])[0]: row for row in table(JOURNAL, "kind")}
    assert {entry.kind for entry in journal.entries(RELEASE)} | {"by_hand"} == set(kinds)
    assert set(RESULTS) <= set(names(kinds["end"][2]))
    fields = {name for row in table(JOURNAL, "field") for name in names(row[0])}
    assert set(report.build(journal, RELEASE)) - {"targets"} <= fields
    (target,) = report.build(journal, RELEASE)["targets"]
    of_target = next(row for row in table(JOURNAL, "field") if row[0] == "`targets`")
    assert set(target) == set(names(of_target[1]))


def _within(said: Any, true: Any, where: str) -> None:
    """Everything that an example says is so; it may leave out keys, and the end of a list."""
    if isinstance(said, dict):
        for key, value in said.items():
            assert key in true, f"{where} has no {key}"
            _within(value, true[key], f"{where}.{key}")
    elif isinstance(said, list):
        assert len(said) <= len(true), where
        for number, value in enumerate(said):
            _within(value, true[number], f"{where}[{number}]")
    else:
        assert said == true, where
