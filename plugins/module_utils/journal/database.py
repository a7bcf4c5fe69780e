# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLite file under the journal: made when first written to, connected to for one call at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from typing import Any

try:
    import sqlalchemy as sa
except ImportError:
    sa = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.journal.place import Place, make_directory
from ansible_collections.releng.runbooks.plugins.module_utils.journal.schema import VERSION, ddl

Row = Mapping[str, Any]


class Database:
    """Reads and writes by SQLAlchemy Core.

    No connection outlives a call, since SQLite must not be carried across a fork.

    Both calls raise :class:`Unreachable` where others hold the file for too long, and :class:`RunbookError` where it
    cannot be read or written (disk full, not a journal, made by a newer version).
    """

    def __init__(self, place: Place, busy: float) -> None:
        """:param busy: seconds to wait for other processes"""
        self.place = place
        self._busy = busy
        self._pid = 0
        self._made = False
        self._engine: sa.Engine | None = None

    def read(self, query: sa.Select[Any]) -> list[Row]:
        """Rows of ``query``; a journal that is not there is empty, and reading does not make one."""
        if not self.place.path.exists():
            return []
        with self._explained("read"), self._connect().connect() as connection:
            if not self._is_made(connection):
                return []
            return [dict(row) for row in connection.execute(query).mappings()]

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction, on the disk when the block has ended, undone where it raises."""
        with self._explained("written"):
            self._make()
            with self._writing() as connection:
                yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._connect().connect().execution_options(releng_write=True) as connection, connection.begin():
            yield connection

    def _connect(self) -> sa.Engine:
        if self._engine is None or self._pid != os.getpid():
            self._pid = os.getpid()
            url = sa.engine.URL.create("sqlite", database=str(self.place.path))
            self._engine = sa.create_engine(
                url, poolclass=sa.pool.NullPool, connect_args={"timeout": self._busy, "isolation_level": None}
            )
            sa.event.listen(self._engine, "connect", _settings)
            sa.event.listen(self._engine, "begin", _begin)
        return self._engine

    def _make(self) -> None:
        """Make the file a journal unless it is one; two processes may do so at the same time."""
        exists = self.place.path.exists()
        if exists and self._made:
            return
        if not exists:
            make_directory(self.place.path.parent)
            os.close(os.open(self.place.path, os.O_RDWR | os.O_CREAT, 0o600))
            _sync_directory(self.place.path.parent)
        with self._connect().connect() as connection:
            self._made = self._is_made(connection)
        if self._made:
            return
        self._to_wal()
        with self._writing() as connection:
            for statement in ddl():
                connection.execute(statement)
            connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
        self._made = True

    def _is_made(self, connection: sa.Connection) -> bool:
        """False for an empty file.

        :raises RunbookError: a file of something else, or of another version
        """
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version == VERSION:
            return True
        if version == 0 and connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0:
            return False
        raise RunbookError(
            f"The file {self.place.path} is no journal of this version (found {version}, known {VERSION}).",
            remedy="Name another file, or use the version of this collection that made it.",
        )

    def _to_wal(self) -> None:
        """With a write-ahead log, readers (status, reports) and the one writer do not wait for each other.

        SQLite does not wait by itself for other processes when the mode of a file changes, so this does.
        """
        until = time.monotonic() + self._busy
        while True:
            try:
                with contextlib.closing(self._connect().raw_connection()) as connection:
                    connection.cursor().execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            text = str(getattr(error, "orig", error))
            if "locked" in text:
                message = f"The journal {self.place.path} was in use by others for {self._busy:g} s."
                raise Unreachable(message, remedy="Find out which process holds it, and repeat.") from error
            raise RunbookError(f"The journal {self.place.path} cannot be {what}: {text}.") from error
        except OSError as error:
            raise RunbookError(f"The journal {self.place.path} cannot be {what}: {error.strerror}.") from error


def _settings(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")  # with a write-ahead log too, a commit is on the disk when it returns
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    """Writers take their turn at the beginning: one that read first and then found others ahead would have to fail."""
    writes = connection.get_execution_options().get("releng_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sync_directory(path: os.PathLike[str]) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
