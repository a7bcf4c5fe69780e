# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus, and what speaks its HTTP API (v1): https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable


class ProviderError(RunbookError):
    """The provider answered that it cannot answer this: a bad query, a missing right."""


@dataclasses.dataclass(frozen=True)
class Series:
    """One value of an instant query: labels, value (NaN and infinities as they are), seconds since the epoch."""

    labels: dict[str, str]
    value: float
    at: float


class Prometheus:
    """Instant queries, each sent once.

    :param url: base, such as ``https://prometheus.example.com``; what it may hold of credentials is never shown
    :param headers: sent with every request, for tokens and tenants
    :param timeout: seconds for one answer
    """

    NAME = "prometheus"
    OPTIONS: ClassVar[dict[str, Any]] = {
        "url": {"type": "str", "required": True},
        "headers": {"type": "dict", "default": {}, "no_log": True},
        "timeout": {"type": "float", "default": 4.0},
        "ca_path": {"type": "str", "default": ""},
        "validate_certs": {"type": "bool", "default": True},
    }

    def __init__(
        self, url: str, headers: dict[str, str] | None = None, timeout: float = 4.0, ca_path: str = "",
        validate_certs: bool = True,
    ) -> None:
        libraries.require("requests")
        self._url = url.rstrip("/")
        self._headers, self._timeout = dict(headers or {}), float(timeout)
        self._verify: bool | str = (ca_path or True) if validate_certs else False

    def instant(self, query: str) -> list[Series]:
        """The series of ``query`` now; a scalar is one without labels.

        :raises Unreachable: no answer in time, 5xx, or an answer that is not Prometheus'
        :raises ProviderError: it refuses the query
        """
        body = self._ask(query)
        kind, result = body["data"]["resultType"], body["data"]["result"]
        if kind == "scalar":
            return [Series({}, float(result[1]), float(result[0]))]
        if kind != "vector":
            raise ProviderError(f"Prometheus answers with a {kind}; a gate needs a query for one moment.")
        return [Series(one["metric"], float(one["value"][1]), float(one["value"][0])) for one in result]

    def probe(self) -> None:
        """Whether it answers queries at all. :raises Unreachable: it does not"""
        self.instant("vector(1)")

    def _ask(self, query: str) -> dict[str, Any]:
        try:
            answer = requests.post(
                f"{self._url}/api/v1/query", data={"query": query}, headers=self._headers, timeout=self._timeout,
                verify=self._verify, allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            kind = "no answer in time" if isinstance(error, requests.exceptions.Timeout) else "no connection"
            raise Unreachable(f"Prometheus: {kind}.") from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Unreachable(f"Prometheus answers with status {answer.status_code}.")
        try:
            body = answer.json()
            status = body["status"]
        except (ValueError, KeyError, TypeError):
            raise Unreachable(f"What answers is not Prometheus: status {answer.status_code}, no such JSON.") from None
        if status != "success":
            raise ProviderError(f"Prometheus refuses the query: {str(body.get('error', ''))[:200]}.")
        return dict(body)
