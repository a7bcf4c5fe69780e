# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the journal: a record per release, entries in chains, and how an entry is hashed."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from typing import Any

BEGIN, INTENT, RESULT, END = "begin", "intent", "result", "end"
# Every other kind is a note; a note may not take one of these names.
RESERVED_KINDS = (BEGIN, INTENT, RESULT, END)

# How a release can end for one target. "unchanged": what it runs was already what was asked for.
RESULTS = ("released", "unchanged", "taken_back", "stuck", "refused")

# An entry is for people and decisions; samples belong in the evidence store.
MAX_DATA_BYTES = 16 * 1024


@dataclasses.dataclass(frozen=True)
class ReleaseRecord:
    """The head of one release, the same for all its targets.

    :param release: id of the run, the same in every worker
    :param procedure: playbook that runs: release, rollback, ...
    :param by: who started it
    :param started: ISO 8601, UTC
    :param inventory: where the targets come from, as given on the command line
    :param versions: service -> version asked for
    :param targets: inventory hosts that take part
    :param reason: why, for the record
    :param command: the command line, masked before it is stored
    """

    release: str
    procedure: str
    by: str
    started: str
    inventory: str
    versions: dict[str, str]
    targets: list[str]
    reason: str = ""
    command: str = ""


@dataclasses.dataclass(frozen=True)
class ReleaseSummary:
    """A release in a list: its record, the last result of each target that has one, and when all had ended."""

    record: ReleaseRecord
    results: dict[str, str]
    ended: str

    @property
    def finished(self) -> bool:
        return bool(self.ended)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of the journal.

    :param id: number in this database, in the order of commits; a handle, not part of the chain
    :param kind: begin, intent, result, end, or the kind of a note (finding, step, verdict, by_hand, probe, ...)
    :param action: what is done, for intents and results
    :param data: intent {"before", "after"}; result and notes as given; end {"result", "reason"}
    :param ok: for results only
    :param intent: id of the intent that a result belongs to, else 0
    :param token: fencing token that the writer held, 0 where it held none
    :param at: ISO 8601, UTC, by the writer's clock: for people, never for order
    :param writer: chain that this entry belongs to: release, target, process
    :param seq: place in that chain, from 1
    """

    id: int
    release: str
    target: str
    kind: str
    stage: str
    action: str
    data: dict[str, Any]
    ok: bool | None
    intent: int
    token: int
    at: str
    writer: str
    seq: int
    prev_hash: str
    hash: str


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def iso(moment: datetime.datetime) -> str:
    """``2026-11-27T21:05:03.123Z``"""
    text = moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def canonical(data: Any) -> str:
    """JSON with one spelling: sorted keys, no spaces, no NaN (ValueError)."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# What an entry's hash covers, by column name. The database's own row number is not part of it, so that a chain can
# be carried into another database as it is.
HASHED = (
    "writer", "seq", "release", "target", "kind", "stage", "action", "data", "ok",
    "intent_writer", "intent_seq", "token", "at", "prev_hash",
)


def genesis(writer: str) -> str:
    """``prev_hash`` of the first entry of a chain: a chain cannot lose its first entry, or be given another name."""
    return digest(f"releng.runbooks journal {writer}")


def entry_hash(row: dict[str, Any]) -> str:
    """sha256 over the canonical JSON of all columns of ``HASHED``; ``data`` is the stored text itself."""
    return digest(canonical([row[name] for name in HASHED]))
