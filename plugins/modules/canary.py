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
    description: Says what it would do and changes nothing.
    support: full
  diff_mode:
    description: Shows what would be made.
    support: full
notes:
  - It runs on the control node; become, async and delegation to other hosts are refused by name.
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
