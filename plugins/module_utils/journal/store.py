# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal itself: opened by its URL, written entry by entry, each durable before the call returns."""

from __future__ import annotations

import json
import os
import secrets as random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

try:
    import sqlalchemy as sa
except ImportError:
    sa = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, NotFound, Refused
from ansible_collections.releng.runbooks.plugins.module_utils.journal import chain, records
from ansible_collections.releng.runbooks.plugins.module_utils.journal.database import Database, Row
from ansible_collections.releng.runbooks.plugins.module_utils.journal.evidence import Evidence, EvidenceStore
from ansible_collections.releng.runbooks.plugins.module_utils.journal.place import Place, place
from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import (
    Entry,
    ReleaseRecord,
    ReleaseSummary,
    canonical,
    iso,
)
from ansible_collections.releng.runbooks.plugins.module_utils.journal.schema import schema
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import fit, scrub

# How long a writer waits for the others; each holds the file for one small transaction.
BUSY_SECONDS = 15.0


class Journal:
    """Append-only record of releases; every entry is on the disk when the call returns.

    A chain belongs to one release, target and process: a Journal that finds itself in another process after a fork
    begins a new one. Every method raises what :class:`Database` raises.
    """

    def __init__(self, where: Place, wall: Callable[[], datetime], secrets: Iterable[str], busy: float) -> None:
        self.place = where
        self._database = Database(where, busy)
        self._wall = wall
        self._secrets = tuple(secrets)
        self._pid = 0
        self._process = ""
        self._token = 0

    @classmethod
    def open(
        cls,
        url: str,
        *,
        wall: Callable[[], datetime] = records.utc_now,
        secrets: Iterable[str] = (),
        busy: float = BUSY_SECONDS,
    ) -> Journal:
        """The journal at ``url``; nothing is created before the first entry.

        :param wall: clock for the ``at`` of entries
        :param secrets: literal values that are masked wherever they appear
        :param busy: seconds to wait for other writers
        :raises Refused: as :func:`place`
        :raises MissingLibrary: SQLAlchemy is not there
        """
        libraries.require("sqlalchemy")
        return cls(place(url), wall, secrets, busy)

    # Writing ---------------------------------------------------------------------------------------------------------

    def begin(self, record: ReleaseRecord) -> bool:
        """Write the head of a release, once: every target of a run may call it. Answers whether it was this call.

        :raises Conflict: a release with this id was begun by another procedure or person
        """
        clean = self._clean_record(record)
        made = schema()
        with self._database.write() as connection:
            stored = connection.execute(
                sa.select(made.releases).where(made.releases.c.release == clean.release)
            ).mappings().first()
            if stored is not None:
                if (stored["procedure"], stored["by"]) != (clean.procedure, clean.by):
                    raise Conflict(
                        f"Release {clean.release} was begun as {stored['procedure']} by {stored['by']}, "
                        f"not as {clean.procedure} by {clean.by}."
                    )
                self._add_members(connection, clean)
                return False
            connection.execute(
                sa.insert(made.releases).values(
                    **{**vars(clean), "versions": canonical(clean.versions), "targets": canonical(clean.targets)}
                )
            )
            self._add_members(connection, clean)
            self._append(connection, clean.release, "", records.BEGIN, data=vars(clean))
        return True

    def intent(
        self,
        release: str,
        target: str,
        stage: str,
        action: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        token: int,
    ) -> int:
        """What is about to be changed, durable before the change. Answers with the id that :meth:`result` wants.

        :param before: what was read in that moment; it authorises the return
        :param token: fencing token held
        """
        self._token = token
        data = {"before": dict(before), "after": dict(after)}
        with self._database.write() as connection:
            return self._append(connection, release, target, records.INTENT, stage, action, data)

    def result(self, entry: int, ok: bool, data: Mapping[str, Any]) -> int:
        """What became of an intent, in a row of its own; the same result again changes nothing.

        :raises NotFound: ``entry`` is no intent
        :raises Conflict: that intent has another result already
        """
        entries = schema().entries
        clean = self._clean(data)
        with self._database.write() as connection:
            intent = connection.execute(sa.select(entries).where(entries.c.id == entry)).mappings().first()
            if intent is None or intent["kind"] != records.INTENT:
                raise NotFound(f"Entry {entry} of the journal {self.place.path} is no intent.")
            known = connection.execute(
                sa.select(entries)
                .where(entries.c.intent_writer == intent["writer"], entries.c.intent_seq == intent["seq"])
            ).mappings().first()
            if known is None:
                return self._append(
                    connection, intent["release"], intent["target"], records.RESULT, intent["stage"],
                    intent["action"], clean, ok=ok, intent=dict(intent),
                )
            if (known["ok"], known["data"]) != (ok, canonical(fit(clean))):
                what = f"{intent['stage']}: {intent['action']}"
                raise Conflict(f"Intent {entry} of {intent['target']} ({what}) has another result already.")
            return int(known["id"])

    def note(self, release: str, target: str, stage: str, kind: str, data: Mapping[str, Any], token: int = 0) -> int:
        """Anything worth keeping that is no change: finding, step, verdict, by_hand, probe, ...

        :param token: fencing token held; without it the one of this process's last intent
        """
        if not kind or kind in records.RESERVED_KINDS:
            taken = ", ".join(records.RESERVED_KINDS)
            raise Refused(f"A note cannot be of kind {kind!r}: {taken} have their own call.")
        self._token = token or self._token
        with self._database.write() as connection:
            return self._append(connection, release, target, kind, stage, data=data)

    def end(self, release: str, target: str, result: str, reason: str) -> int:
        """How it ended for one target; the last one counts.

        :param result: one of ``RESULTS``
        """
        if result not in records.RESULTS:
            raise Refused(f"A release cannot end as {result!r}; allowed: {', '.join(records.RESULTS)}.")
        with self._database.write() as connection:
            return self._append(connection, release, target, records.END, data={"result": result, "reason": reason})

    def evidence(self, release: str, target: str, name: str) -> Evidence:
        """The file that takes the samples of one gate or probe."""
        return self._evidence_store().file(release, target, name)

    def prune_evidence(self, keep: int) -> list[str]:
        """Remove the evidence of all but the newest ``keep`` releases; unfinished ones keep theirs.

        Entries are never removed. Answers with the releases that lost their evidence.
        """
        if keep < 0:
            raise Refused(f"Evidence of {keep} releases cannot be kept; allowed is 0 or more.")
        old = [summary.record.release for summary in self.releases(limit=0)[keep:] if summary.finished]
        return self._evidence_store().remove(old)

    # Reading ---------------------------------------------------------------------------------------------------------

    def release(self, release: str) -> ReleaseRecord:
        """:raises NotFound: this journal does not know it"""
        releases = schema().releases
        rows = self._database.read(sa.select(releases).where(releases.c.release == release))
        if not rows:
            raise NotFound(f"Release {release} is not in the journal {self.place.path}.")
        return _record(rows[0])

    def releases(self, limit: int = 20, target: str | None = None) -> list[ReleaseSummary]:
        """The newest releases first, in the order in which they were begun.

        :param limit: at most so many; 0 for all
        :param target: only those in which this target took part
        """
        made = schema()
        query = sa.select(made.releases).order_by(made.releases.c.number.desc())
        if target is not None:
            query = query.join(made.members).where(made.members.c.target == target)
        if limit:
            query = query.limit(limit)
        rows = self._database.read(query)
        ends = self._ends([row["release"] for row in rows])
        return [_summary(_record(row), ends.get(row["release"], {})) for row in rows]

    def entries(self, release: str, target: str | None = None) -> list[Entry]:
        """In the order in which the database took them, which no clock can change.

        :param target: this target's only
        """
        rows = self._rows(release)
        intents = {(row["writer"], row["seq"]): row["id"] for row in rows if row["kind"] == records.INTENT}
        return [_entry(row, intents) for row in rows if target is None or row["target"] == target]

    def open_intents(self, release: str, target: str | None = None) -> list[Entry]:
        """Intents without a result: whoever wrote them was killed, or is still at it."""
        found = self.entries(release, target)
        done = {entry.intent for entry in found if entry.kind == records.RESULT}
        return [entry for entry in found if entry.kind == records.INTENT and entry.id not in done]

    def heads(self, release: str) -> dict[str, str]:
        """Writer -> hash of its last entry: kept elsewhere, they show later that no tail was cut."""
        return {row["writer"]: row["hash"] for row in self._rows(release)}

    def verify(self, release: str, anchors: Mapping[str, str] | None = None) -> list[str]:
        """Sentences about what is wrong with the chains of a release, none if all is well.

        :param anchors: :meth:`heads` as they were seen earlier
        """
        rows = sorted(self._rows(release), key=lambda row: (row["writer"], row["seq"]))
        problems = chain.check(rows, anchors)
        begun = next((json.loads(row["data"]) for row in rows if row["kind"] == records.BEGIN), None)
        if begun is None:
            return [*problems, f"Release {release} has no beginning."]
        if fit(vars(self.release(release))) != begun:
            problems.append(f"The head of release {release} was changed after it was written.")
        return problems

    # Inside ----------------------------------------------------------------------------------------------------------

    def _clean(self, data: Any) -> Any:
        return scrub(data, self._secrets)

    def _clean_record(self, record: ReleaseRecord) -> ReleaseRecord:
        # A service may be called anything, `token-api` too: its version is no secret because of that.
        versions = {service: self._clean(version) for service, version in record.versions.items()}
        return ReleaseRecord(**{**self._clean(record), "versions": versions})

    def _evidence_store(self) -> EvidenceStore:
        return EvidenceStore(self.place.evidence, self._clean)

    def _append(
        self,
        connection: sa.Connection,
        release: str,
        target: str,
        kind: str,
        stage: str = "",
        action: str = "",
        data: Mapping[str, Any] | None = None,
        *,
        ok: bool | None = None,
        intent: Row | None = None,
    ) -> int:
        entries, releases = schema().entries, schema().releases
        if connection.execute(sa.select(releases.c.number).where(releases.c.release == release)).first() is None:
            raise NotFound(f"Release {release} was not begun in the journal {self.place.path}.")
        writer = self._writer(release, target)
        last = connection.execute(
            sa.select(entries.c.seq, entries.c.hash).where(entries.c.writer == writer).order_by(entries.c.seq.desc())
        ).first()
        row: dict[str, Any] = {
            "release": release,
            "target": target,
            "kind": kind,
            "stage": stage,
            "action": self._clean(action),
            "data": canonical(fit(self._clean(data or {}))),
            "ok": ok,
            "intent_writer": intent["writer"] if intent else None,
            "intent_seq": intent["seq"] if intent else None,
            "token": self._token,
            "at": iso(self._wall()),
            "writer": writer,
            "seq": last.seq + 1 if last else 1,
            "prev_hash": last.hash if last else records.genesis(writer),
        }
        row["hash"] = records.entry_hash(row)
        added = connection.execute(sa.insert(entries).values(**row)).inserted_primary_key
        return int(added[0]) if added else 0

    def _add_members(self, connection: sa.Connection, record: ReleaseRecord) -> None:
        members = schema().members
        query = sa.select(members.c.target).where(members.c.release == record.release)
        missing = set(record.targets) - set(connection.execute(query).scalars())
        if missing:
            rows = [{"release": record.release, "target": target} for target in sorted(missing)]
            connection.execute(sa.insert(members), rows)

    def _ends(self, releases: list[str]) -> dict[str, dict[str, tuple[str, str]]]:
        """Release -> target -> (last result, at)."""
        entries = schema().entries
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for row in self._database.read(
            sa.select(entries)
            .where(entries.c.kind == records.END, entries.c.release.in_(releases))
            .order_by(entries.c.id)
        ):
            found.setdefault(row["release"], {})[row["target"]] = (json.loads(row["data"])["result"], row["at"])
        return found

    def _rows(self, release: str) -> list[Row]:
        entries = schema().entries
        return self._database.read(sa.select(entries).where(entries.c.release == release).order_by(entries.c.id))

    def _writer(self, release: str, target: str) -> str:
        """This process's chain. Process ids come again, so each gets a few random digits."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._process = f"{self._pid}.{random.token_hex(4)}"
        return f"{release}/{target}/{self._process}"


def _record(row: Row) -> ReleaseRecord:
    values = {key: row[key] for key in ReleaseRecord.__dataclass_fields__}
    return ReleaseRecord(**{**values, "versions": json.loads(row["versions"]), "targets": json.loads(row["targets"])})


def _summary(record: ReleaseRecord, ends: Mapping[str, tuple[str, str]]) -> ReleaseSummary:
    finished = bool(record.targets) and set(record.targets) <= set(ends)
    return ReleaseSummary(
        record=record,
        results={target: result for target, (result, _at) in ends.items()},
        ended=max(at for _result, at in ends.values()) if finished else "",
    )


def _entry(row: Row, intents: Mapping[tuple[str, int], int]) -> Entry:
    values = {key: row[key] for key in Entry.__dataclass_fields__ if key in row}
    intent = intents.get((row["intent_writer"], row["intent_seq"]), 0)
    return Entry(**{**values, "data": json.loads(row["data"]), "intent": intent})
