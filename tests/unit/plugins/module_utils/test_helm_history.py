# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.helm_history import (
    Revision,
    deployed,
    last_good,
    pending,
)

CASES = yaml.safe_load((Path(__file__).parents[2] / "cases" / "helm_last_good.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_the_history_says(case: dict[str, Any]) -> None:
    history = [Revision(number, status, description=description) for number, status, description in case["history"]]
    for order in (history, history[::-1]):
        assert _number(last_good(order, case.get("before"))) == case["good"]
        assert _number(pending(order)) == case.get("pending", 0)
        assert _number(deployed(order)) == case.get("deployed", 0)


def _number(revision: Revision | None) -> int:
    return revision.revision if revision else 0
