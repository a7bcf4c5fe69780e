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
  target:
    description: Where the target lies, as the role helm_release composes it.
    type: dict
    required: true
    suboptions:
      release:
        description: Name of the Helm release.
        type: str
        required: true
      service:
        description: Service that it is one place of.
        type: str
        required: true
      namespace:
        description: Namespace.
        type: str
        required: true
      kubeconfig:
        description: Path of the kubeconfig.
        type: str
        default: ""
      context:
        description: Context in it.
        type: str
        default: ""
      timeout:
        description: Seconds for one request.
        type: float
        default: 10.0
      workload:
        description: Name of the Deployment.
        type: str
        required: true
      strategy:
        description: How it is released.
        type: str
        default: canary
      chart:
        description: The chart.
        type: str
        required: true
      values:
        description: Values of the chart but the version.
        type: dict
        default: {}
      version_values:
        description: Paths that the version is set at.
        type: list
        elements: str
        default: [image.tag]
      hooks:
        description: What is done about hooks of the chart.
        type: str
        default: refuse
      binary:
        description: The helm to be run.
        type: str
        default: helm
      route:
        description: Name of the HTTPRoute.
        type: str
        default: ""
      journal:
        description: URL of the journal.
        type: str
        required: true
      reports:
        description: Folder of reports.
        type: str
        required: true
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
    description: Says what it would do and changes nothing.
    support: full
  diff_mode:
    description: Shows what would be made.
    support: none
notes:
  - It runs on the control node; become, async and delegation to other hosts are refused by name.
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
