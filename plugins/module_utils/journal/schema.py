# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the journal (SQLAlchemy Core). Rows are added, never changed or removed; SQLite enforces it by trigger."""

from __future__ import annotations

import dataclasses
import functools

try:
    import sqlalchemy as sa
except ImportError:
    sa = None  # type: ignore[assignment]

# PRAGMA user_version of a journal that this code can read and write.
VERSION = 1


@dataclasses.dataclass(frozen=True)
class Schema:
    metadata: sa.MetaData
    releases: sa.Table
    members: sa.Table
    entries: sa.Table


@functools.cache
def schema() -> Schema:
    """Built at the first use: this file can be imported where SQLAlchemy is missing."""
    metadata = sa.MetaData()
    releases = sa.Table(
        "releases", metadata,
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("release", sa.Text, nullable=False, unique=True),
        sa.Column("procedure", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("inventory", sa.Text, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),  # canonical JSON
        sa.Column("targets", sa.Text, nullable=False),  # canonical JSON
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
    )
    # Which targets took part, to find the releases of one target without reading JSON.
    members = sa.Table(
        "members", metadata,
        sa.Column("release", sa.Text, sa.ForeignKey("releases.release"), primary_key=True),
        sa.Column("target", sa.Text, primary_key=True, index=True),
    )
    entries = sa.Table(
        "entries", metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("release", sa.Text, sa.ForeignKey("releases.release"), nullable=False, index=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),  # canonical JSON: what was hashed is what is stored
        sa.Column("ok", sa.Boolean, nullable=True),
        sa.Column("intent_writer", sa.Text, nullable=True),  # a result names its intent by chain and place
        sa.Column("intent_seq", sa.Integer, nullable=True),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("writer", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("writer", "seq", name="one_entry_per_place"),
        sa.UniqueConstraint("intent_writer", "intent_seq", name="one_result_per_intent"),
    )
    return Schema(metadata, releases, members, entries)


def ddl() -> list[sa.Executable]:
    """Every statement that makes an empty SQLite database a journal; each may be run again without harm."""
    made = schema()
    statements: list[sa.Executable] = []
    for table in made.metadata.sorted_tables:
        statements.append(sa.schema.CreateTable(table, if_not_exists=True))
        statements += [sa.schema.CreateIndex(index, if_not_exists=True) for index in table.indexes]
        for verb in ("UPDATE", "DELETE"):
            statements.append(
                sa.text(
                    f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} "
                    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
                )
            )
    return statements
