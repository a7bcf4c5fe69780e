"""Logging in as a kubeconfig says: which cluster it is, what is refused, and that nothing is left behind."""
from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import logging
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes.config.incluster_config
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Denied, Refused, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube
from ansible_collections.releng.runbooks.plugins.module_utils.kube_connect import Access, connect
from tests.unit.api_server import TOKEN, ApiServer, config

HERE, THERE = "https://here.test:6443", "https://there.test:6443"
PLUGINS = "client.authentication.k8s.io/v1"


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def plugin_of(command: str) -> dict[str, Any]:
    return {"exec": {"apiVersion": PLUGINS, "command": command, "interactiveMode": "Never"}}


# Which cluster


def test_a_path_that_is_given_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "there", config(THERE, "there")))
    found = connect(Access(kubeconfig=write(tmp_path / "here", config(HERE, "here"))))
    assert (found.host, found.context) == (HERE, "here")


def test_then_the_environment_of_the_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "there", config(THERE, "there")))
    assert connect(Access()).host == THERE


def test_then_the_home_directory(tmp_path: Path) -> None:
    write(tmp_path / "home" / ".kube" / "config", config(HERE))
    assert connect(Access()).host == HERE


def test_then_the_account_of_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    incluster = kubernetes.config.incluster_config
    monkeypatch.setattr(incluster, "SERVICE_TOKEN_FILENAME", write(tmp_path / "token", TOKEN))
    monkeypatch.setattr(incluster, "SERVICE_CERT_FILENAME", write(tmp_path / "ca.crt", certificate()[0].decode()))
    found = connect(Access())
    assert (found.host, found.context) == ("https://192.0.2.1:443", "in-cluster")


def test_several_files_are_one(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", config(HERE, "here")), write(tmp_path / "b", config(THERE, "there"))
    paths = os.pathsep.join([first, str(tmp_path / "none"), second])
    assert connect(Access(kubeconfig=paths, context="there")).host == THERE
    assert connect(Access(kubeconfig=paths, context="here")).host == HERE


# What cannot be used


def test_no_kubeconfig_at_all(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"There is no kubeconfig at ~/.kube/config\. Set kubeconfig, or KUBECONFIG"):
        connect(Access())
    with pytest.raises(Refused, match="There is no kubeconfig at .*/none"):
        connect(Access(kubeconfig=str(tmp_path / "none")))


def test_a_pod_account_is_not_taken_for_what_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    for access in (Access(kubeconfig=str(tmp_path / "none")), Access(context="prod")):
        with pytest.raises(Refused, match="There is no kubeconfig"):
            connect(access)


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "here", config(HERE, "here"))
    with pytest.raises(Refused, match=rf"Context 'prod' is not in kubeconfig {path}; it has: here\."):
        connect(Access(kubeconfig=path, context="prod"))


@pytest.mark.parametrize("content", [
    f"token: {TOKEN}\n  bad: [", "- just\n- a list\n", "", "current-context: x\ncontexts: [{}]\n",
    "clusters: 7\ncontexts: 7\n",
])  # fmt: skip
def test_a_broken_file_is_named_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "broken", content)
    with pytest.raises(Refused) as raised:
        connect(Access(kubeconfig=path))
    assert path in raised.value.message
    assert TOKEN not in str(raised.value)


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    content = config(HERE)
    content["clusters"][0]["cluster"]["certificate-authority-data"] = encoded(b"not a certificate")
    path = write(tmp_path / "here", content)
    with pytest.raises(Refused, match="cannot be used"):
        connect(Access(kubeconfig=path))


def test_a_credential_plugin_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "here", config(HERE, user=plugin_of("false")))
    with pytest.raises(Denied, match="Credential plugin 'false' of context 'lab' gave no credential"):
        connect(Access(kubeconfig=path))
    assert caplog.records == [] and capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == 0, "logging is on again"


def test_a_credential_plugin_is_asked(tmp_path: Path) -> None:
    given = {"apiVersion": PLUGINS, "kind": "ExecCredential", "status": {"token": TOKEN}}
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(given)}'\n")
    plugin.chmod(0o700)
    with ApiServer() as server:
        server.answer(200, {"gitVersion": "v1.34.4"})
        kube = Kube(Access(kubeconfig=server.kubeconfig(tmp_path, user=plugin_of(str(plugin)))))
        assert kube.server_version() == "v1.34.4"
        assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


# TLS, and nothing left behind


def certificate() -> tuple[bytes, bytes]:
    """A certificate for 127.0.0.1 that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    return signed.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[ApiServer, Callable[..., str]]]:
    """A server that wants to know who asks, and a kubeconfig for it out of what it trusts and who we are."""
    ours, key = certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write(tmp_path / "s.crt", ours.decode()), write(tmp_path / "s.key", key.decode()))
    context.load_verify_locations(cadata=ours.decode())
    context.verify_mode = ssl.CERT_REQUIRED

    def kubeconfig(trusted: bytes = ours) -> str:
        user = {"client-certificate-data": encoded(ours), "client-key-data": encoded(key)}
        return server.kubeconfig(tmp_path, user=user, **{"certificate-authority-data": encoded(trusted)})

    server = ApiServer()
    server.use_tls(context)
    with server:
        yield server, kubeconfig


def test_a_client_key_is_used_and_leaves_no_file(
    tls: tuple[ApiServer, Callable[..., str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, kubeconfig = tls
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    server.answer(200, {"gitVersion": "v1.34.4"})
    kube = Kube(Access(kubeconfig=kubeconfig()))
    assert list(private.iterdir()) == []
    assert kube.server_version() == "v1.34.4"
    assert list(private.iterdir()) == []


def test_a_server_that_cannot_be_trusted(tls: tuple[ApiServer, Callable[..., str]]) -> None:
    server, kubeconfig = tls
    kube = Kube(Access(kubeconfig=kubeconfig(trusted=certificate()[0])))
    with pytest.raises(Unreachable, match="(?i)certificate"):
        kube.server_version()
    assert server.requests == []


def test_two_that_use_the_same_machine_do_not_share_anything(tmp_path: Path) -> None:
    """The library has a default configuration for all; nobody's credentials may land there."""
    with ApiServer() as first, ApiServer() as second:
        named = (("one", first), ("two", second))
        paths = [server.kubeconfig(tmp_path, name, user={"token": name}) for name, server in named]
        clusters = [Kube(Access(kubeconfig=path)) for path in paths]
        for server, cluster in zip((first, second), clusters, strict=True):
            server.answer(200, {"gitVersion": "v1.34.4"})
            cluster.server_version()
        sent = [server.requests[0].headers["authorization"] for server in (first, second)]
        assert sent == ["Bearer one", "Bearer two"]
