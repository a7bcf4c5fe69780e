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
    support: full
  diff_mode:
    support: none
extends_documentation_fragment:
  - releng.runbooks.door
  - releng.runbooks.target
  - releng.runbooks.metrics
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
