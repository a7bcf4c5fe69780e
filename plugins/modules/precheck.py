# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: precheck
short_description: Find everything that would stop a release
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Checks inputs, tools, access, rights, live state, lock, chart, image and the way back. Names all findings at
    once and changes nothing.
options:
  roles:
    description: Roles whose variables are checked.
    type: list
    elements: str
    required: true
  procedure:
    description: What is about to run.
    type: str
    required: true
    choices: [release, rollback]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - releng.runbooks.door
"""

EXAMPLES = r"""
- name: Find everything that would stop a release
  releng.runbooks.precheck:
    roles: [target, release, helm_release]
    procedure: release
"""

RETURN = r"""
findings:
  description: What was found.
  type: list
  elements: dict
  returned: always
"""
