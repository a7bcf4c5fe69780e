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
  timeout:
    description: Seconds for helm, and again for the rollout.
    type: float
    default: 300.0
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
