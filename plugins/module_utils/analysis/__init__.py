# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a version by its metrics: gates as data, five verdicts, one watch for each step.

Pure: nothing here asks a metrics system, waits, prints or knows Ansible. Who asks hands in
:class:`~.watch.Evidence`, and the seconds at which it was gathered.
"""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate, fill
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict, join_all
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.watch import (
    Evidence,
    GateWatch,
    Reading,
    StepReading,
    StepWatch,
)

__all__ = ["Evidence", "Gate", "GateWatch", "Reading", "StepReading", "StepWatch", "Verdict", "fill", "join_all"]
