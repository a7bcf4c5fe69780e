# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an image registry whether it has an image, as a node would before pulling it, without an engine."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Collection
from typing import Any

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries

TIMEOUT = 10.0  # seconds for one request
HUB, HUB_HOST = "docker.io", "registry-1.docker.io"
ACCEPT = ", ".join((
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
))  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Image:
    """``docker.io/library/nginx:1.27`` in its parts; ``reference`` is a tag or a digest."""

    registry: str
    repository: str
    reference: str

    @classmethod
    def parse(cls, text: str) -> Image:
        """What an engine makes of a name: registry docker.io and tag latest where none is named."""
        name, _at, digest = text.partition("@")
        first, slash, rest = name.partition("/")
        own = bool(slash) and ("." in first or ":" in first or first == "localhost")
        registry, path = (first, rest) if own else (HUB, name)
        repository, _colon, tag = path.partition(":")
        if registry == HUB and "/" not in repository:
            repository = f"library/{repository}"
        return cls(registry, repository, digest or tag or "latest")


@dataclasses.dataclass(frozen=True)
class Answer:
    """``there``: True, False, or None where the registry did not say; then ``why`` tells the reason."""

    there: bool | None
    why: str = ""


def ask(text: str, insecure: Collection[str] = ()) -> Answer:
    """Whether the image is there.

    :param insecure: registries that speak plain HTTP, as ``host:port``
    """
    libraries.require("requests")
    image = Image.parse(text)
    host = HUB_HOST if image.registry == HUB else image.registry
    scheme = "http" if image.registry in insecure else "https"
    url = f"{scheme}://{host}/v2/{image.repository}/manifests/{urllib.parse.quote(image.reference, safe=':')}"
    try:
        with requests.Session() as session:
            answer = _head(session, url)
            if answer.status_code == 401 and (token := _token(session, answer.headers.get("WWW-Authenticate", ""))):
                answer = _head(session, url, {"Authorization": f"Bearer {token}"})
    except requests.exceptions.RequestException as error:
        return Answer(None, f"{image.registry} gives no answer ({type(error).__name__})")
    return _meaning(image, answer.status_code)


def _head(session: Any, url: str, headers: dict[str, str] | None = None) -> Any:
    return session.head(url, headers={"Accept": ACCEPT, **(headers or {})}, timeout=TIMEOUT, allow_redirects=True)


def _token(session: Any, challenge: str) -> str:
    """A token for anybody, from where the registry sends us; empty when it wants a login."""
    scheme, _blank, rest = challenge.partition(" ")
    asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    if scheme.lower() != "bearer" or not asked.get("realm", "").startswith(("http://", "https://")):
        return ""
    query = {key: asked[key] for key in ("service", "scope") if key in asked}
    answer = session.get(asked["realm"], params=query, timeout=TIMEOUT)
    if answer.status_code != 200:
        return ""
    try:
        given = answer.json()
    except ValueError:
        return ""
    return str(given.get("token") or given.get("access_token") or "") if isinstance(given, dict) else ""


def _meaning(image: Image, status: int) -> Answer:
    if status == 200:
        return Answer(True)
    if status == 404:
        return Answer(False, f"{image.registry} has no {image.repository} with {image.reference}")
    if status in (401, 403):
        return Answer(None, f"{image.registry} wants a login, which only the nodes have")
    return Answer(None, f"{image.registry} answers {status}")
