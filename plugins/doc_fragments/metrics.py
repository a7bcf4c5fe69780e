# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions that are watched, and who answers their queries."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
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
"""
