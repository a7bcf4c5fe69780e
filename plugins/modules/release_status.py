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
    description: Says what it would do and changes nothing.
    support: full
  diff_mode:
    description: Shows what would be made.
    support: none
notes:
  - It runs on the control node; become, async and delegation to other hosts are refused by name.
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
