# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the door of this name, which runs in-process on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_back
short_description: Move all traffic to the safe side
version_added: 0.1.0
author: the releng.runbooks authors (!UNKNOWN)
description:
  - >-
    Reads the phase in the release state and moves all traffic to its safe side, unless no pod of it is ready.
    Keeps trying through an outage of the API server.
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
- name: Move all traffic to the safe side
  releng.runbooks.traffic_back:
    target: "{{ helm_release_target }}"
"""

RETURN = r"""
side:
  description: Side that has the traffic now.
  type: str
  returned: when there was traffic to move
weights:
  description: Per cent of the traffic of C(stable) and C(canary).
  type: dict
  returned: when traffic had been moved
"""
