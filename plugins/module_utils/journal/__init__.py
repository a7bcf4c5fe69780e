# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: an append-only record of every release, and the evidence store beside it.

Intent before, result after, who and why. It never decides where traffic goes: that stands on the target.
"""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import (
    RESULTS,
    Entry,
    ReleaseRecord,
    ReleaseSummary,
)
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import MASK, scrub
from ansible_collections.releng.runbooks.plugins.module_utils.journal.store import Journal

__all__ = ["MASK", "RESULTS", "Entry", "Journal", "ReleaseRecord", "ReleaseSummary", "scrub"]
