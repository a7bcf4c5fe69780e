# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_upgrade
short_description: Upgrade a Helm release under watch
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Runs helm as a child that ends with the task, watches the rollout itself and names the cause when it cannot
    come up. C(rolling) judges the new pods as well.
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
  mode:
    description: Behind a judged canary, or in the place of the old.
    type: str
    required: true
    choices: [promote, rolling]
  version:
    description: Version that is to be released.
    type: str
    required: true
  timeout:
    description: Seconds for helm, and again for the rollout.
    type: float
    default: 300.0
  gates:
    description: Conditions as data, see docs/gates.md; those that name this phase count.
    type: list
    elements: dict
    default: []
  metrics:
    description: Who answers their queries.
    type: dict
    suboptions:
      provider:
        description: Kind of provider.
        type: str
        choices: [prometheus]
        default: prometheus
      options:
        description: Its options.
        type: dict
        suboptions:
          url:
            description: Its base, such as C(https://prometheus.example.com); needed where a gate asks.
            type: str
          headers:
            description: Sent with every request, for tokens and tenants; never shown.
            type: dict
          timeout:
            description: Seconds for one answer, 4 unless given.
            type: float
          ca_path:
            description: File or folder of authorities to trust instead of the usual ones.
            type: str
          validate_certs:
            description: Whether certificates are checked, which they are unless this says otherwise.
            type: bool
  interval:
    description: Seconds between two looks.
    type: float
    default: 5.0
  duration:
    description: Seconds with evidence that it takes to pass.
    type: float
    default: 0.0
  patience:
    description: Seconds in a row without evidence that it may take.
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
- name: Upgrade a Helm release under watch
  releng.runbooks.helm_upgrade:
    target: "{{ helm_release_target }}"
    mode: rolling
    version: "1.4.0"
"""

RETURN = r"""
revision:
  description: New revision of helm.
  type: int
  returned: success
pods:
  description: How many pods are available.
  type: int
  returned: success
reason:
  description: What its gates said; empty without a gate.
  type: str
  returned: success
"""
