# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what the Kubernetes client raises into errors of ours: what was being done, where, and what it means."""

from __future__ import annotations

import json
import re
from typing import Any

try:
    import urllib3
except ImportError:
    urllib3 = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    Denied,
    NotFound,
    RunbookError,
    Unreachable,
)

_KINDS: dict[int, type[RunbookError]] = {
    401: Denied, 403: Denied, 404: NotFound, 408: Unreachable, 409: Conflict, 429: Unreachable,
}

# The API server quotes what it refuses: of a patch that makes no sense, the whole object, which may be a Secret.
_QUOTED = re.compile(r'Invalid value: "(?:[^"\\]|\\.){120,}"')


def is_api_status(body: bytes) -> bool:
    """Whether ``body`` is an error of the API server itself, not an answer that it relays."""
    return bool(_status(body))


def explain(status: int | None, reason: str | None, body: bytes, doing: str, where: str) -> RunbookError:
    """The error for an answer that is not a success.

    Its ``facts`` hold ``status`` (HTTP), ``reason`` (such as ``AlreadyExists``) and ``causes`` (a list of texts: what
    exactly is invalid; empty for a patch that could not be applied).

    :param status: HTTP status; 0 when the TLS connection failed (so does the client say it)
    :param doing: such as ``patch HTTPRoute shop/shop``
    :param where: URL and context, for the errors that concern the connection
    """
    if not status:
        return Unreachable(f"Cannot {doing}: no safe connection to {where}: {_line(reason)}.", status=0)
    answer = _status(body)
    message = _unquoted(answer.get("message") or reason or f"HTTP {status}").strip().rstrip(".")
    kind = Unreachable if status >= 500 else _KINDS.get(status, RunbookError)
    if status == 401:
        message = f"{where} does not accept our credentials ({message})"
    elif kind is Unreachable:
        message = f"{where} answers {status}: {message}"
    causes = [_unquoted(f"{cause.get('field', '')}: {cause.get('message', '')}") for cause in _causes(answer)]
    return kind(f"Cannot {doing}: {message}.", status=status, reason=answer.get("reason", ""), causes=causes)


def _unquoted(text: Any) -> str:
    return _QUOTED.sub('Invalid value: "…"', str(text))


def no_answer(error: BaseException, doing: str, where: str) -> Unreachable:
    """The error for a request without an answer; for a change this means: it may have happened."""
    return Unreachable(f"Cannot {doing}: no answer from {where}: {_why(error)}.")


def _why(error: BaseException) -> str:
    while isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason:
        error = error.reason
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its name cannot be resolved"
    if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return "timed out"
    return _line(error)


def _line(error: Any) -> str:
    """The last clause of an error text: urllib3 puts object addresses and class names before it."""
    text = " ".join(str(error).split())
    for _ in range(3):
        head, sign, tail = text.partition(": ")
        if not sign or not any(mark in head for mark in ("object at 0x", "HTTP", "Error", "Failed to establish")):
            break
        text = tail
    return text.strip("()'\" .") or type(error).__name__


def _status(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) and data.get("kind") == "Status" and data.get("apiVersion") == "v1" else {}


def _causes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    causes = (answer.get("details") or {}).get("causes") or []
    return [cause for cause in causes if isinstance(cause, dict)]
