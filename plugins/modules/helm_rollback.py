# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_rollback
short_description: Take a Helm release back to the revision before
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Goes to the revision that the release state names, where the phase says that stable was touched, and waits
    until it is ready.
options:
  timeout:
    description: Seconds for helm, and again for the rollout.
    type: float
    default: 300.0
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
- name: Take a Helm release back to the revision before
  releng.runbooks.helm_rollback:
    target: "{{ helm_release_target }}"
"""

RETURN = r"""
revision:
  description: Revision of helm that runs now.
  type: int
  returned: success
from:
  description: Revision that it was taken back to; what runs is a new one with its content.
  type: int
  returned: when it was rolled back
pods:
  description: How many pods are available.
  type: int
  returned: when stable had been touched
"""
