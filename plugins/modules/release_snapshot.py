# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_snapshot
short_description: Remember what runs now
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Keeps version, revision and digest, the resting weights of the route and what has to be pinned, in the
    release state.
options:
  version:
    description: Version that is to be released.
    type: str
    required: true
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
- name: Remember what runs now
  releng.runbooks.release_snapshot:
    target: "{{ helm_release_target }}"
    version: "1.4.0"
"""

RETURN = r"""
changes:
  description: Whether the new version differs from what runs.
  type: bool
  returned: always
from:
  description: Version that runs.
  type: str
  returned: always
to:
  description: Version that is to be released.
  type: str
  returned: without check mode
revision:
  description: Revision of helm that runs now.
  type: int
  returned: without check mode
"""
