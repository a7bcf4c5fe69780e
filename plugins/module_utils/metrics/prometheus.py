# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus, and what speaks its HTTP API (v1): https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused, RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import scrub

LARGEST = 64 << 10  # bytes of an answer
LONGEST = 300.0  # seconds that anybody may want to wait for one answer


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
    :param ca_path: file or folder of authorities to trust instead of the usual ones
    :raises Refused: an option that cannot be used
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
        _check(url, headers, timeout, ca_path)
        self._url = url.rstrip("/")
        self._headers = {str(name): str(value) for name, value in (headers or {}).items()}
        self._timeout = float(timeout)
        self._verify: bool | str = False if validate_certs is False else ca_path or True
        # Otherwise requests replaces what was given by what a .netrc says of the host.
        given = any(name.lower() == "authorization" for name in self._headers)
        self._auth = (lambda request: request) if given else None

    def instant(self, query: str) -> list[Series]:
        """The series of ``query`` now; a scalar is one without labels.

        :raises Unreachable: no answer in time, 5xx, or an answer that is not Prometheus'
        :raises ProviderError: it refuses the query
        """
        body = self._ask(query)
        try:
            kind, result = body["data"]["resultType"], body["data"]["result"]
            if kind == "scalar":
                return [Series({}, float(result[1]), float(result[0]))]
            if kind == "vector":
                if any("histogram" in one for one in result):
                    raise ProviderError("Prometheus answers with a histogram; a gate needs a query for one number.")
                return [Series(one["metric"], float(one["value"][1]), float(one["value"][0])) for one in result]
        except (LookupError, TypeError, ValueError):
            raise Unreachable("What answers is not Prometheus: its success has no result that can be read.") from None
        raise ProviderError(f"Prometheus answers with a {str(kind)[:20]}; a gate needs a query for one moment.")

    def probe(self) -> None:
        """Whether it answers queries at all. :raises Unreachable: it does not"""
        self.instant("vector(1)")

    def _ask(self, query: str) -> dict[str, Any]:
        until = time.monotonic() + self._timeout
        try:
            answer = requests.post(
                f"{self._url}/api/v1/query", data={"query": query}, headers=self._headers, timeout=self._timeout,
                verify=self._verify, allow_redirects=False, auth=self._auth, stream=True,
            )
            with answer:
                text = _read(answer, until)
        except (OSError, ValueError) as error:  # those of requests are all OSError; some of what it uses are not
            raise Unreachable(f"Prometheus: {_trouble(error)}.") from None
        if answer.status_code in (401, 403):
            raise ProviderError(f"Prometheus does not let us in: status {answer.status_code}.")
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Unreachable(f"Prometheus answers with status {answer.status_code}.")
        try:
            body = json.loads(text)
            status = body["status"]
        except (ValueError, KeyError, TypeError):
            raise Unreachable(f"What answers is not Prometheus: status {answer.status_code}, no such JSON.") from None
        if status != "success":
            raise ProviderError(f"Prometheus refuses the query: {self._without_secrets(body.get('error', ''))}.")
        return dict(body)

    def _without_secrets(self, text: object) -> str:
        """What the other side says, should it repeat what we sent it."""
        sent = [word for value in self._headers.values() for word in (value, *value.split())]
        return str(scrub(str(text), sent))[:200].rstrip(".")


def _read(answer: Any, until: float) -> bytes:
    """The body, byte by byte: the client's own time limit is one for each read, and would be renewed by every byte.

    :raises requests.exceptions.Timeout: it is not whole at ``until``
    :raises ProviderError: it is longer than the answer to a query for one number can be
    """
    found = bytearray()
    for part in answer.iter_content(1):
        found += part
        if len(found) > LARGEST:
            raise ProviderError(f"Prometheus answers with more than {LARGEST >> 10} KiB; a gate needs one number.")
        if time.monotonic() > until:
            raise requests.exceptions.Timeout
    return bytes(found)


def _check(url: object, headers: object, timeout: object, ca_path: str) -> None:
    """:raises Refused: naming the option; the url is not shown, it may hold credentials"""
    if not isinstance(url, str) or not re.match(r"https?://[^/\s]", url):
        raise Refused("url of Prometheus is no address, allowed is http:// or https:// and a host.")
    if not isinstance(headers, Mapping | None):
        raise Refused("headers of Prometheus are no mapping, allowed are names with their values.")
    if not 0 < _seconds(timeout) <= LONGEST:
        raise Refused(f"timeout of Prometheus is {timeout!r}, allowed are seconds above 0, at most {LONGEST:g}.")
    if ca_path and not os.path.exists(ca_path):
        raise Refused(f"ca_path of Prometheus is {ca_path!r}, allowed is a file or a folder with certificates.")


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _trouble(error: Exception) -> str:
    """What went wrong, without the text of the error: that may hold the address and what was sent."""
    kinds = requests.exceptions
    if isinstance(error, kinds.Timeout) or "timed out" in str(error).lower():
        return "no answer in time"
    if isinstance(error, kinds.SSLError):
        return "no TLS connection that can be trusted"
    if isinstance(error, kinds.ConnectionError | kinds.ChunkedEncodingError):  # the latter in the middle of an answer
        return "no connection"
    return "no request can be made to its url with these headers"
