# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_open
short_description: Take the lock of a target and open the way back
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Chooses under the lock what is gone back to, and opens a rollback in the phase C(undoing), or in the phase
    of the release that never ended.
options:
  procedure:
    description: Playbook that runs, for the journal.
    type: str
    default: rollback
  to:
    description: Version, revision or release id; empty for the newest release.
    type: str
    default: ""
  release:
    description: Id of the newest release of all targets.
    type: str
    default: ""
  max_age:
    description: Seconds after which a release has to be named.
    type: float
    required: true
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
- name: Take the lock of a target and open the way back
  releng.runbooks.rollback_open:
    target: "{{ helm_release_target }}"
    max_age: 86400
"""

RETURN = r"""
reason:
  description: What is taken back and why.
  type: str
  returned: when opened
release:
  description: Id of this run.
  type: str
  returned: success
token:
  description: Fencing token.
  type: int
  returned: when changed
"""
