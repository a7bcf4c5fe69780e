# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of a release in the journal."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  versions:
    description: Service to version, for the journal.
    type: dict
    default: {}
  targets:
    description: All hosts that take part, for the journal.
    type: list
    elements: str
    default: []
  inventory:
    description: Where the targets come from, for the journal.
    type: str
    default: ""
  reason:
    description: Why, for the record.
    type: str
    default: ""
"""
