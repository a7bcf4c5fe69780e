# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it healthy: probes described as data, pods, and a bounded look at logs."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube

if TYPE_CHECKING:
    from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """``status`` is ``healthy``, ``unhealthy`` (it answered, not as expected) or ``error`` (no answer).

    ``response_time`` is in seconds; ``failed_expectations`` are the expressions as written.
    """

    name: str
    status: str
    status_code: int = 0
    response_time: float = 0.0
    error: str = ""
    failed_expectations: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something found wrong: ``check`` (pods, image, restarts, logs), ``subject`` (a pod), ``text`` one sentence."""

    check: str
    subject: str
    text: str


def probe(spec: Mapping[str, Any], kube: Kube | None, context: Mapping[str, Any], clock: Clock) -> ProbeResult:
    """Run one probe, ``attempts`` times at most."""
    raise NotImplementedError


def pods_healthy(kube: Kube, selector: str, image_or_digest: str, since: datetime.datetime | None) -> list[Problem]:
    """Every pod of ``selector`` runs ``image_or_digest``, is ready, and has not restarted after ``since``."""
    raise NotImplementedError


def scan_logs(
    kube: Kube, selector: str, tail: int, patterns: Sequence[str], ignore: Sequence[str] = ()
) -> list[Problem]:
    """Lines among the last ``tail`` of every container that match one of ``patterns`` and none of ``ignore``."""
    raise NotImplementedError


def normalise(body: Any) -> dict[str, Any]:
    """``{"status", "version", "dependencies": {name: bool}}`` out of any of the three shapes."""
    raise NotImplementedError


def bid_probe(service: str) -> dict[str, Any]:
    """The probe that asks ``service`` for one OpenRTB bid."""
    raise NotImplementedError
