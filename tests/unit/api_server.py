"""An API server on loopback that answers what it is told: for what only shows on a socket.

    server.answer(200, {"kind": "ConfigMap"})     what comes next, in order
    server.requests[0].path                       what was asked
"""
from __future__ import annotations

import dataclasses
import http.server
import json
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

TOKEN = "hunter2-of-the-cluster"


@dataclasses.dataclass(frozen=True)
class Request:
    """``query`` has one value for each key; ``body`` is JSON, text, or None."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


def status(code: int, reason: str, message: str, causes: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """What an API server answers when it is no success."""
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code, **({"details": {"causes": causes}} if causes else {}),
    }  # fmt: skip


class ApiServer:
    """Use it as a context. Without an answer left it says 500 `Unexpected`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._replies: list[Reply] = []
        self._over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                outer.requests.append(_read(self))
                reply = outer._replies.pop(0) if outer._replies else _Told(500, status(500, "Unexpected", "not told"))
                reply(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_args: Any) -> None:
                """Nothing goes to the output of tests."""

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_args: Any) -> None:
                """A client that refuses a certificate, or went away, is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ApiServer:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Before anybody connects."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    # What comes next

    def answer(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """``body`` is sent as JSON, or as it is when it is bytes."""
        self._replies.append(_Told(code, body, headers or {}))

    def refuse(self, code: int, reason: str, message: str, causes: list[dict[str, str]] | None = None) -> None:
        self.answer(code, status(code, reason, message, causes))

    def hang(self) -> None:
        """No answer for as long as the test lasts."""

        def wait(_handler: http.server.BaseHTTPRequestHandler) -> None:
            self._over.wait(10)

        self._replies.append(wait)

    def hang_up(self) -> None:
        """The connection ends without an answer."""

        def shut(handler: http.server.BaseHTTPRequestHandler) -> None:
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True

        self._replies.append(shut)

    def kubeconfig(self, folder: Path, name: str = "lab", **cluster: Any) -> str:
        """Path of a kubeconfig that leads here."""
        path = folder / f"{name}.conf"
        path.write_text(yaml.safe_dump(config(self.url, name, **cluster)))
        return str(path)


def config(url: str, name: str = "lab", user: dict[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    """The content of a kubeconfig."""
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": url, **cluster}}],
        "users": [{"name": name, "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Told:
    code: int
    body: Any
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def __call__(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        data = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        handler.send_response(self.code)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data)), **self.headers}
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(data)


def _read(handler: http.server.BaseHTTPRequestHandler) -> Request:
    path, _sign, query = handler.path.partition("?")
    raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = raw
    return Request(handler.command, path, dict(urllib.parse.parse_qsl(query)), dict(handler.headers), body)
