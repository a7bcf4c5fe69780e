# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rollout is and why, by kubectl's own order: generation seen, all updated, old ones gone, available.

One look, no waiting: deadlines belong to the caller. Only pods of the newest revision are ever blamed, found by the
uid of their owner, since labels alone match pods of other revisions and of other applications too.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.causes import Cause
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube

__all__ = ["Cause", "Progress", "observe"]


@dataclasses.dataclass
class Progress:
    """One look. ``updated``, ``available`` and ``desired`` are numbers of pods (of the newest revision)."""

    ready: bool
    updated: int
    available: int
    desired: int
    cause: Cause


def observe(
    kube: Kube, deployment_name: str, api_version: str = "apps/v1", kind: str = "Deployment",
    crashes_terminal: int = 3,
) -> Progress:
    """Look once at a Deployment, StatefulSet or DaemonSet.

    :param crashes_terminal: crashes of one container with the same exit code that count as "always crashes"
    :raises NotFound: there is no such workload
    """
    raise NotImplementedError
