"""Texts of the client library and of the API server, as a person gets to read them."""
from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import urllib3.exceptions as raw

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.kube_errors import explain, is_api_status, no_answer

WHERE = "https://api.test:6443 (context lab)"
POOL: Any = "HTTPSConnection(host='api.test', port=6443)"


def told(error: BaseException) -> str:
    found = no_answer(error, "get Pod shop/a", WHERE)
    assert type(found) is Unreachable
    return found.message.removeprefix(f"Cannot get Pod shop/a: no answer from {WHERE}: ")


@pytest.mark.parametrize(("error", "says"), [
    (raw.ReadTimeoutError(POOL, "/api", "Read timed out. (read timeout=5)"), "timed out."),
    (raw.ConnectTimeoutError(POOL, "Connection to api.test timed out"), "timed out."),
    (raw.MaxRetryError(POOL, "/api", raw.ReadTimeoutError(POOL, "/api", "slow")), "timed out."),
    (raw.NameResolutionError("api.test", POOL, socket.gaierror(-2, "Name or service not known")),
     "its name cannot be resolved."),
    (raw.NewConnectionError(POOL, "Failed to establish a new connection: [Errno 111] Connection refused"),
     "[Errno 111] Connection refused."),
    (raw.ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")), None),
    (ConnectionResetError(104, "Connection reset by peer"), "[Errno 104] Connection reset by peer."),
    (OSError(), "OSError."),
])  # fmt: skip
def test_why_there_was_no_answer(error: BaseException, says: str | None) -> None:
    text = told(error)
    assert says is None or text == says
    assert "object at 0x" not in text and "\n" not in text and text.endswith(".")


def test_a_connection_that_is_not_safe() -> None:
    reason = "SSLError\nReason: HTTPSConnectionPool(host='api.test'): certificate verify failed: unable to get issuer"
    found = explain(0, reason, b"", "get Pod shop/a", WHERE)
    assert type(found) is Unreachable
    assert found.message.startswith(f"Cannot get Pod shop/a: no safe connection to {WHERE}: ")
    assert "certificate verify failed" in found.message and "\n" not in found.message


def test_an_answer_that_is_no_status_says_what_http_says() -> None:
    found = explain(502, "Bad Gateway", b"<html>", "get Pod shop/a", WHERE)
    assert found.message == f"Cannot get Pod shop/a: {WHERE} answers 502: Bad Gateway."
    assert explain(400, None, b"", "x", WHERE).message == "Cannot x: HTTP 400."


def test_one_full_stop_ends_it() -> None:
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "message": "no such thing. "}).encode()
    assert explain(400, "", body, "x", WHERE).message == "Cannot x: no such thing."


@pytest.mark.parametrize("details", [None, {}, {"causes": None}, {"causes": ["text", {"message": "m"}]}])
def test_causes_of_any_shape(details: Any) -> None:
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "message": "no", "details": details}).encode()
    found = explain(422, "", body, "x", WHERE)
    assert type(found) is RunbookError
    assert found.facts["causes"] in ([], [": m"])


@pytest.mark.parametrize(("body", "is_status"), [
    (b'{"kind": "Status", "apiVersion": "v1"}', True), (b'{"kind": "Status"}', False), (b'{"status": "down"}', False),
    (b'["Status"]', False), (b"", False), (b"\xff", False),
])  # fmt: skip
def test_who_says_it(body: bytes, is_status: bool) -> None:
    assert is_api_status(body) is is_status
