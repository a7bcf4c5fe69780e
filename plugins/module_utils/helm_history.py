# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm's history: which revision runs, which one hinders, and which one can be gone back to."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence

# How helm describes a revision that went wrong. One that failed at the very first install is marked superseded
# by the next one that works, so the status alone does not tell.
_FAILED = re.compile(r'^(?:Release|Upgrade|Rollback) ".*" failed\b', re.DOTALL)
_BACK = re.compile(r"^Rollback to (\d+)$")


@dataclasses.dataclass(frozen=True)
class Revision:
    """One line of helm's history. ``chart``: ``shop-0.1.0``. ``updated``: RFC 3339."""

    revision: int
    status: str
    chart: str = ""
    app_version: str = ""
    description: str = ""
    updated: str = ""


def pending(revisions: Sequence[Revision]) -> Revision | None:
    """The newest revision if it is pending: then helm refuses to upgrade, until a rollback. Older ones hinder nobody.

    It may be at work in this moment: only who holds the lock of the target may take it as cut off.
    """
    newest = max(revisions, key=lambda one: one.revision, default=None)
    return newest if newest and newest.status.startswith("pending") else None


def deployed(revisions: Sequence[Revision]) -> Revision | None:
    """The newest revision that helm calls deployed: applied, which does not mean that its pods came up."""
    return max((one for one in revisions if one.status == "deployed"), key=lambda one: one.revision, default=None)


def last_good(revisions: Sequence[Revision], before: int | None = None) -> Revision | None:
    """The newest of :func:`good`, None where there is none."""
    return next(iter(good(revisions, before)), None)


def good(revisions: Sequence[Revision], before: int | None = None) -> list[Revision]:
    """Revisions below ``before`` (default: below the newest) that were applied, stayed, and are others; newest first.

    Failed, pending and uninstalled revisions are none. Nor are those that the next applied revision rolled back
    (helm calls them superseded, too), nor those that ``before`` is only a repetition of: after a rollback from 2 to 1,
    revision 3 is 1 again, and nothing good lies before it.
    """
    newest = max((one.revision for one in revisions), default=0)
    limit = newest if before is None else before
    applied = sorted(
        (one for one in revisions if one.status in ("deployed", "superseded") and not _FAILED.match(one.description)),
        key=lambda one: one.revision,
    )
    same = _same(applied)
    found = [
        one for one, after in itertools.zip_longest(applied, applied[1:])
        if one.revision < limit and same[one.revision] != same.get(limit)
        and not (after and _BACK.match(after.description) and same[after.revision] != same[one.revision])
    ]  # fmt: skip
    return found[::-1]


def _same(applied: Sequence[Revision]) -> dict[int, int]:
    """Revision -> the one whose content it has: itself, but for rollbacks the one that was gone back to."""
    same: dict[int, int] = {}
    for one in applied:
        back = _BACK.match(one.description)
        same[one.revision] = same.get(int(back[1]), int(back[1])) if back else one.revision
    return same
