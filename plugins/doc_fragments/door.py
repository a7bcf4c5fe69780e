# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all doors keep to."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Says what it would do and changes nothing.
  diff_mode:
    description: Shows what would be made.
notes:
  - It runs on the control node; become, async and delegation to other hosts are refused by name.
"""
