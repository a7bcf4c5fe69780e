# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence store: samples of gates and probes, JSON lines in files beside the journal, one file per name."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal.place import make_directory
from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import canonical

MAX_NAME = 100


class Evidence:
    """One file of samples. Nothing is kept open, so it may be used on both sides of a fork."""

    def __init__(self, path: Path, clean: Callable[[Any], Any]) -> None:
        """:param clean: masks secrets and makes plain JSON values"""
        self.path = path
        self._clean = clean

    def append(self, data: dict[str, Any]) -> None:
        """One line, in one write: a killed writer leaves at most one torn line, at the end.

        :raises RunbookError: the file cannot be written
        """
        line = canonical(self._clean(data)).encode("utf-8", "surrogatepass") + b"\n"
        try:
            make_directory(self.path.parent)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
            handle = os.open(self.path, flags, 0o600)
            try:
                if _torn(handle):
                    line = b"\n" + line
                os.write(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise RunbookError(f"Evidence cannot be written to {self.path}: {error.strerror}.") from error

    def read(self) -> list[dict[str, Any]]:
        """Every whole line, in the order written; torn ones are left out, no file means no lines."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="surrogatepass")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunbookError(f"Evidence cannot be read from {self.path}: {error.strerror}.") from error
        return [parsed for line in text.split("\n") if (parsed := _parse(line)) is not None]


class EvidenceStore:
    """``<root>/<release>/<target>/<name>.jsonl``"""

    def __init__(self, root: Path, clean: Callable[[Any], Any]) -> None:
        self.root = root
        self._clean = clean

    def file(self, release: str, target: str, name: str) -> Evidence:
        return Evidence(self.root / safe_name(release) / safe_name(target) / f"{safe_name(name)}.jsonl", self._clean)

    def remove(self, releases: Iterable[str]) -> list[str]:
        """Remove what there is of ``releases``; answers with those that had something."""
        removed = []
        for release in releases:
            directory = self.root / safe_name(release)
            if directory.is_dir() and not directory.is_symlink():
                shutil.rmtree(directory)
                removed.append(release)
        return removed


def safe_name(name: str) -> str:
    """``name`` as one path component: two names never meet, and none leads elsewhere.

    Anything but letters, digits, ``.``, ``_`` and ``-`` stands as ``%XX``, so does a dot in front; a name that is too
    long keeps its beginning and gets a hash.
    """
    quoted = "".join(
        character if re.fullmatch(r"[A-Za-z0-9._-]", character) else "".join(f"%{byte:02X}" for byte in encoded)
        for character in name
        for encoded in [character.encode("utf-8", "surrogatepass")]
    )
    if quoted.startswith("."):
        quoted = f"%2E{quoted[1:]}"
    if len(quoted) > MAX_NAME:
        quoted = f"{quoted[:MAX_NAME]}%{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return quoted or "%00"


def _torn(handle: int) -> bool:
    """Whether the file ends in the middle of a line."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


def _parse(line: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
