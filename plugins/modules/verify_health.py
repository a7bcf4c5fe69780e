# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_health
short_description: Verify that what runs is what was released, and well
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Looks at pods, images, restarts since the release began, probes and a bounded tail of logs; fails with what
    it found.
options:
  probes:
    description: Probes as data.
    type: list
    elements: dict
    default: []
  timeout:
    description: Seconds for the rollout to be complete.
    type: float
    default: 60.0
  log_tail:
    description: Last lines of each container that are read.
    type: int
    default: 50
  log_patterns:
    description: Regular expressions that no line may match.
    type: list
    elements: str
    default: []
  log_ignore:
    description: Regular expressions of lines that do not count.
    type: list
    elements: str
    default: []
  record:
    description: Whether this is part of a release, whose version is expected and whose journal is written.
    type: bool
    default: true
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
- name: Verify that what runs is what was released, and well
  releng.runbooks.verify_health:
    target: "{{ helm_release_target }}"
    probes: [{name: health, service: shop, port: 8080, path: /health}]
"""

RETURN = r"""
healthy:
  description: Whether everything is well.
  type: bool
  returned: always
problems:
  description: The first findings.
  type: list
  elements: str
  returned: always
validation:
  description: The outcome of the probes, as in the report.
  type: dict
  returned: always
"""
