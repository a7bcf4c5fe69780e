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
    support: full
  diff_mode:
    support: none
extends_documentation_fragment:
  - releng.runbooks.door
  - releng.runbooks.target
  - releng.runbooks.metrics
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
