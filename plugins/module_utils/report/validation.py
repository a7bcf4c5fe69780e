# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The validation report: is every service healthy, are bids answered, is the database reachable?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

HEALTHY = "healthy"
PASS, FAIL = "PASS", "FAIL"
# What a probe can be of, by its key "of"; without one it is of a service.
RECOMMENDATION = "Roll back, unless the cause is known and outside of this release."
SERVICE, BID, DATABASE = "service", "bid", "database"


def verified(probes: Iterable[Mapping[str, Any]], at: str, target: str, problems: Iterable[str]) -> dict[str, Any]:
    """The report of `verify.yml` on one target: :func:`validation` with the pods and logs in its verdict.

    :param problems: what is wrong with pods, images, logs and probes
    :returns: with ``"target"`` and ``"problems": [str]`` on top; without probes it is the pods alone that count
    """
    found, listed = list(probes), list(problems)
    report = validation(found, at)
    passed = not listed and (report["overall_status"] == PASS or not found)
    return {
        "target": target, **report, "problems": listed, "overall_status": PASS if passed else FAIL,
        "recommendation": "" if passed else RECOMMENDATION,
    }  # fmt: skip


def validation(probes: Iterable[Mapping[str, Any]], at: str) -> dict[str, Any]:
    """One verdict over all probes; of two probes of one name the later one counts.

    :param probes: ``{"name", "status": healthy|unhealthy|error, "of": service|bid|database, "target"}``
    :param at: ISO 8601
    :returns: ``{"timestamp": at, "service_health": {name: status}, "bid_processing": bool, "database_connectivity":
        bool, "overall_status": "PASS"|"FAIL", "recommendation": str}``; a question that no probe asked is ``None``:
        it can neither pass nor fail. Without any answer about a service the status is FAIL.
    """
    latest: dict[str, dict[str, str]] = {SERVICE: {}, BID: {}, DATABASE: {}}
    for probe in probes:
        name = " ".join(str(part) for part in (probe.get("target"), probe.get("name")) if part)
        of = str(probe.get("of") or SERVICE)
        latest.setdefault(of, {})[name] = str(probe.get("status"))
    services, bids, databases = latest[SERVICE], _all_healthy(latest[BID]), _all_healthy(latest[DATABASE])
    passed = bool(_all_healthy(services)) and bids is not False and databases is not False
    return {
        "timestamp": at,
        "service_health": services,
        "bid_processing": bids,
        "database_connectivity": databases,
        "overall_status": PASS if passed else FAIL,
        "recommendation": "" if passed else RECOMMENDATION,
    }


def _all_healthy(probes: Mapping[str, str]) -> bool | None:
    return all(status == HEALTHY for status in probes.values()) if probes else None
