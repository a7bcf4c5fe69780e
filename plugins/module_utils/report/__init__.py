# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a release: one shape for programs, one text for people, both read from the journal alone."""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils.report.files import write, write_validation
from ansible_collections.releng.runbooks.plugins.module_utils.report.lines import text
from ansible_collections.releng.runbooks.plugins.module_utils.report.shape import build
from ansible_collections.releng.runbooks.plugins.module_utils.report.validation import validation, verified

__all__ = ["build", "text", "validation", "verified", "write", "write_validation"]
