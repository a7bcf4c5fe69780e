# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal, ReleaseRecord

NOON = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state/releng/journal.db"


@pytest.fixture
def journal(url: str) -> Journal:
    return Journal.open(url, wall=lambda: NOON)


@pytest.fixture
def record() -> Callable[..., ReleaseRecord]:
    def make(release: str = "r1", **changes: object) -> ReleaseRecord:
        values: dict[str, object] = {
            "procedure": "release", "by": "ada@ctl", "started": "2026-03-01T12:00:00.000Z", "inventory": "lab",
            "versions": {"shop": "1.4.0"}, "targets": ["shop-eu", "shop-us"], "reason": "planned", "command": "run it",
        }
        return ReleaseRecord(release=release, **{**values, **changes})  # type: ignore[arg-type]

    return make
