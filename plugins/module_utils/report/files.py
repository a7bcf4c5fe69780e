# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report files: whole or not there, whoever reads them meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal.evidence import safe_name
from ansible_collections.releng.runbooks.plugins.module_utils.report.lines import text


def write(report: dict[str, Any], directory: str | os.PathLike[str]) -> tuple[Path, Path]:
    """``<release>.json`` and ``<release>.txt`` in ``directory``, which is made where it is missing.

    Several targets of a run may write the same report: each file is that of one of them, never a mixture.

    :raises RunbookError: a file cannot be written
    """
    name = safe_name(report["release"])
    json_path, text_path = _write(directory, {f"{name}.json": _json(report), f"{name}.txt": text(report)})
    return json_path, text_path


def write_validation(report: dict[str, Any], target: str, directory: str | os.PathLike[str]) -> Path:
    """``verify-<target>.json`` in ``directory``: what the last verification of ``target`` found.

    :raises RunbookError: the file cannot be written
    """
    (path,) = _write(directory, {f"verify-{safe_name(target)}.json": _json(report)})
    return path


def _write(directory: str | os.PathLike[str], contents: dict[str, str]) -> list[Path]:
    where = Path(directory).expanduser().absolute()
    try:
        where.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            _replace(where / name, content)
    except OSError as error:
        raise RunbookError(f"The report cannot be written to {where}: {error.strerror}.") from error
    return [where / name for name in contents]


def _json(report: dict[str, Any]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _replace(path: Path, content: str) -> None:
    """Beside the file first, then in its place; readable for others as far as the umask allows, it has no secrets."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
