# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_close
short_description: End the release of a target
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Writes the end into release state and journal, gives the lock back, writes the report.
options:
  procedure:
    description: Playbook that runs, for the journal.
    type: str
    required: true
  result:
    description: How it ended.
    type: str
    required: true
    choices: [released, unchanged, taken_back, stuck, refused]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
extends_documentation_fragment:
  - releng.runbooks.door
  - releng.runbooks.target
  - releng.runbooks.record
"""

EXAMPLES = r"""
- name: End the release of a target
  releng.runbooks.release_close:
    target: "{{ helm_release_target }}"
    procedure: release
    result: released
"""

RETURN = r"""
report:
  description: Path of the report as text.
  type: str
  returned: success
releng:
  description: Target, result, reason and next command.
  type: dict
  returned: always
warnings:
  description: Why there is no report.
  type: list
  elements: str
  returned: when it could not be written
"""
