# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: canary
short_description: Put the new version beside the old, or take it away
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Derives the canary from the rendered chart, makes it and waits until it is ready; a cause that no waiting
    cures ends the wait.
  - >-
    Absent puts the route to rest first.
options:
  state:
    description: Whether the canary shall be there.
    type: str
    choices: [present, absent]
    default: present
  version:
    description: Version that is to be released; needed for V(present).
    type: str
    default: ""
  timeout:
    description: Seconds for it to be ready.
    type: float
    default: 300.0
  drain:
    description: Seconds to wait before it is removed.
    type: float
    default: 0.0
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - releng.runbooks.door
  - releng.runbooks.target
"""

EXAMPLES = r"""
- name: Put the new version beside the old, or take it away
  releng.runbooks.canary:
    target: "{{ helm_release_target }}"
    version: "1.4.0"
"""

RETURN = r"""
objects:
  description: What was made.
  type: list
  elements: str
  returned: when present
removed:
  description: What was removed.
  type: list
  elements: str
  returned: when absent
pods:
  description: How many pods of it are available.
  type: int
  returned: when present
"""
