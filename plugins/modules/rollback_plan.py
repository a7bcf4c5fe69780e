# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_plan
short_description: Choose what a rollback goes back to
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Says what this target would go back to, or which candidates there are, with the exact command. Changes
    nothing.
options:
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
"""

EXAMPLES = r"""
- name: Choose what a rollback goes back to
  releng.runbooks.rollback_plan:
    target: "{{ helm_release_target }}"
    max_age: 86400
"""

RETURN = r"""
kind:
  description: interrupted, finished or none.
  type: str
  returned: always
revision:
  description: Revision of helm to go back to.
  type: int
  returned: always
release:
  description: Id of the release that is taken back.
  type: str
  returned: always
version:
  description: Version that it goes back to.
  type: str
  returned: always
reason:
  description: Why this one, or why none.
  type: str
  returned: always
group:
  description: Group of targets that this one joins.
  type: str
  returned: always
told:
  description: The same for a person.
  type: str
  returned: always
"""
