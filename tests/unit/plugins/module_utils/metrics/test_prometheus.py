"""Prometheus over HTTP, on a real socket: an answer is series, a refusal or an outage, and no secret is told."""
from __future__ import annotations

import contextlib
import datetime
import http.server
import ipaddress
import math
import socket
import ssl
import threading
import time
import traceback
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused, RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.metrics import PROVIDERS
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.prometheus import (
    Prometheus,
    ProviderError,
    Series,
)
from tests.unit.api_server import ApiServer

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "prometheus.yml").read_text())
ERRORS = {"provider": ProviderError, "unreachable": Unreachable}
ONE = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]}}
SECRET, USER = "hunter2-of-the-metrics", "ada"
HEADERS = {"Authorization": f"Bearer {SECRET}", "X-Scope-OrgID": "team-of-ada"}


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, no trust and no login that the environment or a home directory would add."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as started:
        yield started


def asked(server: ApiServer, **options: Any) -> Prometheus:
    return Prometheus(**{"url": server.url, "timeout": 5, **options})


def failure(prometheus: Prometheus, query: str = "up") -> RunbookError:
    """What it fails with; whatever a person or a log could see of it holds nothing that was sent."""
    with pytest.raises(RunbookError) as raised:
        prometheus.instant(query)
    error = raised.value
    seen = "".join([*traceback.format_exception(error), str(error), repr(error), error.remedy, repr(error.facts)])
    assert SECRET not in seen
    assert error.message.endswith(".") and not error.message.endswith("..")
    return error


def numbers(series: list[Series]) -> list[list[Any]]:
    """Comparable: NaN as a word, since it is equal to nothing."""
    return [[one.labels, "NaN" if math.isnan(one.value) else one.value, one.at] for one in series]


# What is asked


def test_a_query_is_posted_as_the_api_wants_it(server: ApiServer) -> None:
    server.answer(200, ONE)
    query = 'sum(rate(x{pod=~"shop-[a-z]+", code!="200"}[1m])) / 2 > 0.5 & "%20"'
    asked(server, headers=HEADERS).instant(query)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/api/v1/query")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert urllib.parse.parse_qs(request.body) == {"query": [query]}
    assert {key: request.headers[key] for key in HEADERS} == HEADERS


@pytest.mark.parametrize("path", ["", "/", "//", "/metrics/", "/metrics"])
def test_it_may_live_below_a_path(server: ApiServer, path: str) -> None:
    server.answer(200, ONE)
    asked(server, url=server.url + path).instant("up")
    assert server.requests[0].path == f"{path.rstrip('/')}/api/v1/query"


def test_a_query_is_sent_once(server: ApiServer) -> None:
    """A look that is late is worth nothing: the next one comes anyway."""
    server.answer(503, "busy")
    server.answer(200, ONE)
    failure(asked(server))
    assert len(server.requests) == 1


def test_numbers_may_be_headers(server: ApiServer) -> None:
    server.answer(200, ONE)
    asked(server, headers={"X-Scope-OrgID": 7}).instant("up")
    assert server.requests[0].headers["X-Scope-OrgID"] == "7"


def test_credentials_of_the_url_are_used(server: ApiServer) -> None:
    server.answer(200, ONE)
    asked(server, url=server.url.replace("//", f"//{USER}:{SECRET}@")).instant("up")
    assert server.requests[0].headers["Authorization"].startswith("Basic ")


def test_what_was_given_is_not_replaced_by_a_netrc(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "netrc"
    path.write_text(f"machine 127.0.0.1 login {USER} password other\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    for headers in ({"authorization": HEADERS["Authorization"]}, HEADERS):
        server.answer(200, ONE)
        asked(server, headers=headers).instant("up")
    assert [one.headers.get("Authorization") or one.headers["authorization"] for one in server.requests] == [
        HEADERS["Authorization"]
    ] * 2


def test_a_redirect_is_not_followed_with_what_is_secret(server: ApiServer) -> None:
    with ApiServer() as other:
        server.answer(302, b"", {"Location": f"{other.url}/api/v1/query"})
        error = failure(asked(server, headers=HEADERS))
        assert isinstance(error, Unreachable)
        assert error.message == "What answers is not Prometheus: status 302, no such JSON."
        assert other.requests == []


# What is answered


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["name"])
def test_what_is_read(server: ApiServer, case: dict[str, Any]) -> None:
    data = {"resultType": case["type"], "result": case["result"]}
    server.answer(200, {"status": "success", "data": data, **case.get("beside", {})})
    wanted = [Series(labels, value, at) for labels, value, at in case["series"]]
    assert numbers(asked(server).instant("up")) == numbers(wanted)


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["name"])
def test_what_is_no_answer(server: ApiServer, case: dict[str, Any]) -> None:
    body = case["body"].encode() if isinstance(case["body"], str) else case["body"]
    server.answer(case.get("code", 200), body)
    error = failure(asked(server, headers=HEADERS))
    assert type(error) is ERRORS[case["error"]]
    assert case["says"] in error.message


def test_a_long_refusal_is_cut(server: ApiServer) -> None:
    server.answer(400, {"status": "error", "error": "x" * 5000})
    assert len(failure(asked(server)).message) < 250


@pytest.mark.parametrize("sent", [
    {"Authorization": f"Bearer {SECRET}"}, {"Authorization": f"Basic {SECRET}"}, {"X-Api-Key": SECRET},
])  # fmt: skip
@pytest.mark.parametrize("code", [400, 422])
def test_a_server_that_repeats_what_it_got(server: ApiServer, sent: dict[str, str], code: int) -> None:
    """Whole, or only the part that is secret, as a gateway does which cannot verify a token."""
    (value,) = sent.values()
    server.answer(code, {"status": "error", "error": f"bad token {SECRET!r} in {value}"})
    error = failure(asked(server, headers=sent))
    assert error.message.startswith("Prometheus refuses the query: bad token '****")


def test_probing_asks_what_every_prometheus_knows(server: ApiServer) -> None:
    server.answer(200, ONE)
    asked(server).probe()
    assert urllib.parse.parse_qs(server.requests[0].body) == {"query": ["vector(1)"]}
    server.answer(500, "no")
    with pytest.raises(Unreachable):
        asked(server).probe()


def test_it_may_be_asked_by_several_at_once(server: ApiServer) -> None:
    prometheus, found = asked(server), []
    for _ in range(8):
        server.answer(200, ONE)
    threads = [threading.Thread(target=lambda: found.append(prometheus.instant("up"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[Series({}, 1.0, 1.0)]] * 8


# No answer


def test_an_answer_that_does_not_come(server: ApiServer) -> None:
    server.hang()
    error = failure(asked(server, headers=HEADERS, timeout=0.05))
    assert isinstance(error, Unreachable)
    assert error.message == "Prometheus: no answer in time."


def test_a_connection_that_ends_without_one(server: ApiServer) -> None:
    server.hang_up()
    error = failure(asked(server, headers=HEADERS))
    assert isinstance(error, Unreachable)
    assert error.message == "Prometheus: no connection."


def test_half_an_answer_before_the_connection_ends(server: ApiServer) -> None:
    server.answer(200, ONE, {"Content-Length": "9999", "Connection": "close"})
    error = failure(asked(server, headers=HEADERS, timeout=0.2))
    assert isinstance(error, Unreachable)
    assert error.message.startswith("Prometheus: no ")


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://{USER}:{SECRET}@127.0.0.1:{closed.getsockname()[1]}"
        error = failure(Prometheus(url, HEADERS, timeout=2))
    assert isinstance(error, Unreachable)
    assert error.message == "Prometheus: no connection."


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:port", f"http://{'a' * 64}.invalid", "http://.x"])
def test_an_address_that_is_none(url: str) -> None:
    error = failure(Prometheus(url, HEADERS, timeout=2))
    assert isinstance(error, Unreachable)
    assert error.message.startswith("Prometheus: no ")


@pytest.mark.parametrize("value", [f"Bearer {SECRET}\n", f"Bearer {SECRET}\r\nX: y", f"Bearer {SECRET}\u0416"])
def test_headers_that_cannot_be_sent(server: ApiServer, value: str) -> None:
    """The errors of libraries quote them; ours does not."""
    error = failure(asked(server, headers={"Authorization": value}))
    assert isinstance(error, Unreachable)
    assert error.message == "Prometheus: no request can be made to its url with these headers."
    assert server.requests == []


# TLS


def certificate() -> tuple[str, str]:
    """One for 127.0.0.1 that signs itself, and its key, as PEM."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name, day = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "metrics")]), datetime.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), today - day, today + day)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return signed.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[ApiServer, Path]]:
    """A server with a certificate that only who has its file can trust."""
    shown, key = tmp_path / "server.pem", tmp_path / "server.key"
    for path, text in zip((shown, key), certificate(), strict=True):
        path.write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, key)
    server = ApiServer()
    server.use_tls(context)
    with server:
        server.answer(200, ONE)
        yield server, shown


def test_a_certificate_that_nobody_vouches_for(tls: tuple[ApiServer, Path]) -> None:
    server, _ = tls
    error = failure(asked(server, headers=HEADERS))
    assert isinstance(error, Unreachable)
    assert error.message == "Prometheus: no TLS connection that can be trusted."
    assert server.requests == []


def test_one_that_somebody_else_vouches_for(tls: tuple[ApiServer, Path], tmp_path: Path) -> None:
    server, _ = tls
    (tmp_path / "other.pem").write_text(certificate()[0])
    error = failure(asked(server, headers=HEADERS, ca_path=str(tmp_path / "other.pem")))
    assert error.message == "Prometheus: no TLS connection that can be trusted."
    assert server.requests == []


def test_an_authority_that_is_given_is_trusted(tls: tuple[ApiServer, Path]) -> None:
    server, shown = tls
    assert asked(server, ca_path=str(shown)).instant("up") == [Series({}, 1.0, 1.0)]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_who_asks_for_no_verification_gets_none(tls: tuple[ApiServer, Path]) -> None:
    assert asked(tls[0], validate_certs=False).instant("up") == [Series({}, 1.0, 1.0)]


@pytest.mark.parametrize("value", ["", "no", "false", None, 0])
def test_only_false_itself_turns_verification_off(tls: tuple[ApiServer, Path], value: object) -> None:
    error = failure(asked(tls[0], validate_certs=value))
    assert error.message == "Prometheus: no TLS connection that can be trusted."


@pytest.mark.parametrize("make", [lambda path: path.write_text("no certificate"), lambda path: path.mkdir()])
def test_authorities_that_are_none(
    tls: tuple[ApiServer, Path], tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "ca"
    make(path)
    error = failure(asked(tls[0], headers=HEADERS, ca_path=str(path)))
    assert isinstance(error, Unreachable)
    assert tls[0].requests == []


def test_an_authority_that_has_gone_since(tls: tuple[ApiServer, Path], tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(tls[1].read_text())
    prometheus = asked(tls[0], headers=HEADERS, ca_path=str(path))
    path.unlink()
    assert isinstance(failure(prometheus), Unreachable)


def test_plain_http_where_tls_is_wanted(server: ApiServer) -> None:
    error = failure(asked(server, url=server.url.replace("http:", "https:"), headers=HEADERS))
    assert isinstance(error, Unreachable)
    assert error.message == "Prometheus: no TLS connection that can be trusted."


# Options


@pytest.mark.parametrize("case", CASES["options"], ids=lambda case: str(case["change"]))
def test_options_that_cannot_be_used(case: dict[str, Any]) -> None:
    with pytest.raises(Refused) as raised:
        Prometheus(**{"url": "http://127.0.0.1:1", **case["change"]})
    assert raised.value.message.startswith(case["says"])
    assert "hunter2" not in raised.value.message


def test_a_timeout_may_be_written_as_text(server: ApiServer) -> None:
    server.answer(200, ONE)
    assert asked(server, timeout="2.5").instant("up") == [Series({}, 1.0, 1.0)]


def test_the_registry_finds_it_by_its_name() -> None:
    assert PROVIDERS["prometheus"] is Prometheus
    assert Prometheus.OPTIONS["headers"]["no_log"] is True


def test_an_object_that_is_printed_shows_no_secret() -> None:
    assert SECRET not in repr(Prometheus(f"http://{USER}:{SECRET}@127.0.0.1:1", HEADERS))


class Body(http.server.BaseHTTPRequestHandler):
    """Answers with a body of ``size`` bytes, one every ``pause`` seconds."""

    size, pause = 0, 0.0

    def do_POST(self) -> None:
        # Whoever closes a connection with something unread in it resets it, and what was sent may be lost.
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(self.size))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may have gone
            if not self.pause:
                self.wfile.write(b" " * self.size)
            for _byte in range(self.size if self.pause else 0):
                self.wfile.write(b" ")
                time.sleep(self.pause)

    def log_message(self, *_args: Any) -> None:
        """Nothing on the terminal."""


@pytest.mark.parametrize(
    ("size", "pause", "error", "said"),
    [
        (10_000, 0.02, Unreachable, "no answer in time"),
        (70_000, 0.0, ProviderError, "more than 64 KiB"),
    ],
    ids=["a byte now and then", "a flood"],
)
def test_an_answer_has_an_end(size: int, pause: float, error: type[RunbookError], said: str) -> None:
    handler = type("Handler", (Body,), {"size": size, "pause": pause})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(error, match=said):
                Prometheus(url=f"http://127.0.0.1:{served.server_port}", timeout=0.1 if pause else 5).instant("up")
        finally:
            served.shutdown()
            thread.join()
