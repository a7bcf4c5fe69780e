# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_open
short_description: Take the lock of a target and open its release
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Takes the Lease of the Helm release, writes the release state in phase C(checked), puts the fencing token on
    the route and begins the journal.
  - >-
    A lock of somebody else is watched for its duration; a renewed one is refused with its holder and age.
options:
  procedure:
    description: Playbook that runs, for the journal.
    type: str
    required: true
  version:
    description: Version that is to be released.
    type: str
    default: ""
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
- name: Take the lock of a target and open its release
  releng.runbooks.release_open:
    target: "{{ helm_release_target }}"
    procedure: release
    version: "1.4.0"
"""

RETURN = r"""
release:
  description: Id of this run.
  type: str
  returned: always
token:
  description: Fencing token.
  type: int
  returned: when opened
"""
