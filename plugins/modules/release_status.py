# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_status
short_description: Say what stands on a target
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Prints lines for a person, from the target alone; changes nothing.
options:
  quiet:
    description: Whether nothing is printed.
    type: bool
    default: false
  log_lines:
    description: Last lines of the log of each pod that are shown.
    type: int
    default: 0
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
extends_documentation_fragment:
  - releng.runbooks.door
  - releng.runbooks.target
"""

EXAMPLES = r"""
- name: Say what stands on a target
  releng.runbooks.release_status:
    target: "{{ helm_release_target }}"
"""

RETURN = r"""
version:
  description: Version that runs.
  type: str
  returned: always
under_way:
  description: The release that is under way.
  type: dict
  returned: always
target:
  description: The host.
  type: str
  returned: always
service:
  description: Service that it is one place of.
  type: str
  returned: always
revision:
  description: Revision of helm that runs.
  type: int
  returned: always
pods:
  description: How far the rollout is.
  type: str
  returned: always
weights:
  description: Per cent of the traffic of C(stable) and C(canary); empty without a release under way.
  type: dict
  returned: always
last:
  description: The newest release that has ended.
  type: dict
  returned: always
latest:
  description: The newest release of this target, ended or not.
  type: dict
  returned: always
undoable:
  description: The release whose result runs here.
  type: dict
  returned: always
candidates:
  description: What can be gone back to, newest first, at most five.
  type: list
  elements: dict
  returned: always
by_hand:
  description: Commands of the way back without this collection, when something is under way.
  type: list
  elements: str
  returned: always
"""
