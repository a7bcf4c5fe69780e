# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON pointers (RFC 6901), as far as patches of ours need them: escaping a key, and finding what a path names."""

from __future__ import annotations

from typing import Any

MISSING = object()


def escape(key: str) -> str:
    """``key`` as one part of a pointer: ``releng.runbooks/token`` -> ``releng.runbooks~1token``."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def find(document: Any, pointer: str) -> Any:
    """What ``pointer`` names inside ``document``, or ``MISSING``. The empty pointer names the whole document."""
    here = document
    for part in map(unescape, pointer.split("/")[1:]):
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            return MISSING
    return here


def failed_test(document: Any, operations: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first ``test`` among ``operations`` (RFC 6902) that ``document`` does not pass, or None."""
    tests = (operation for operation in operations if operation["op"] == "test")
    return next((test for test in tests if find(document, test["path"]) != test["value"]), None)
