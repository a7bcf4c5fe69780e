# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_step
short_description: Give the canary a share of the traffic and watch it
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Shifts, reads back, and watches the gates. On any verdict but PASS, on a signal and on a foreign change all
    traffic goes to the safe side of the phase at once.
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
  share:
    description: Per cent of the traffic that the canary gets.
    type: int
    required: true
  phase:
    description: Phase of the release; it decides the safe side and which side is judged.
    type: str
    required: true
    choices: [shifting, baking, returning]
  stage:
    description: Stage that the step is recorded under.
    type: str
    default: canary_shift
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
    default: 60.0
  patience:
    description: Seconds in a row without evidence that it may take.
    type: float
    default: 300.0
  requests:
    description: Query for the number of requests of a side, from which the measured share is told.
    type: str
    default: ""
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
- name: Give the canary a share of the traffic and watch it
  releng.runbooks.traffic_step:
    target: "{{ helm_release_target }}"
    share: 10
    phase: shifting
    gates:
      - name: error rate
        errors: sum(increase(http_requests_total{pod=~"{pod_regex}", code=~"5.."}[{window}]))
        total: sum(increase(http_requests_total{pod=~"{pod_regex}"}[{window}]))
        breach: "> 5 %"
    metrics: {provider: prometheus, options: {url: "https://prometheus.example.com"}}
"""

RETURN = r"""
verdict:
  description: PASS; anything else is a failure.
  type: str
  returned: success
measured:
  description: Share that was measured in per cent.
  type: float
  returned: when requests is given
share:
  description: Share that was asked for in per cent.
  type: int
  returned: success
reason:
  description: What the gates said.
  type: str
  returned: success
"""
