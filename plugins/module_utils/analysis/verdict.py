# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The five verdicts. They are kept apart to the end: only PASS moves a release forward."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Verdict(enum.StrEnum):
    """What a look at a gate, or all gates of a step together, say."""

    PASS = "PASS"  # measured, enough of it, and within the limit
    FAIL = "FAIL"  # measured, and beyond the limit: the version is bad
    INCONCLUSIVE = "INCONCLUSIVE"  # measured, but too little to say
    NODATA = "NODATA"  # the metrics system answered, and had nothing
    ERROR = "ERROR"  # no answer that could be read: says nothing about the version


# The one that a person has to know first stands first.
WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.NODATA, Verdict.INCONCLUSIVE, Verdict.PASS)


def join_all(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them, in any order; of none NODATA, because nothing was measured."""
    return min(verdicts, key=WORST_FIRST.index, default=Verdict.NODATA)
