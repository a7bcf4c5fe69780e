# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe as data: where it asks, what it sends, and what has to be true of the answer.

What an expectation (JMESPath) sees::

    status    200
    headers   {"content-type": "application/json"}       names in lower case
    text      the body as text
    body      the body as JSON, null when it is none
    health    the body in one shape, see :func:`normalise`
    context   what the caller knows: version, target, ...  (a leading v is taken off ``version``, as in ``health``)

So ``health.version == context.version`` asks for the version that was released, ``body.id`` being there is
``body.id != `null```, and ``contains(text, 'requests_total')`` asks a metrics page.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

try:
    import jmespath
    import jmespath.exceptions
except ImportError:
    jmespath = None

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

VIA = ("url", "service", "pod")
METHODS = ("GET", "HEAD", "POST", "PUT")
# What a probe is of: the parts of the validation report.
OF = ("service", "bid", "database")

_WELL = frozenset({"ok", "up", "pass", "ready", "healthy", "connected", "available", "true"})

# Every shape in which a service says that it is well: `/health/live`, `/health/ready`, `/health`.
EXPECT_LIVE = ("body.status == 'ok'", "body.timestamp != `null`")
EXPECT_READY = ("body.status == 'ready'", "length(values(health.dependencies)[?@ == `false`]) == `0`")
EXPECT_FULL = (
    "health.status == 'healthy'",
    "health.version == context.version",
    "length(values(health.dependencies)[?@ == `false`]) == `0`",
)


@dataclasses.dataclass(frozen=True)
class Probe:
    """One probe; :meth:`parse` makes it out of data.

    :param via: ``url`` asks ``url`` from here; ``service`` and ``pod`` ask ``service:port`` or each pod of
        ``pod``/``selector`` through the API server, so that no route to the cluster's network is needed
    :param body: text, or anything else to be sent as JSON
    :param timeout: seconds for one attempt
    :param attempts: how often at most; ``interval`` seconds between two
    :param of: which part of the validation report it counts for
    """

    name: str
    via: str = "service"
    url: str = ""
    service: str = ""
    pod: str = ""
    selector: str = ""
    port: int | str = ""
    path: str = "/"
    method: str = "GET"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: Any = None
    timeout: float = 10.0
    status: tuple[int, ...] = (200,)
    expect: tuple[str, ...] = ()
    attempts: int = 1
    interval: float = 1.0
    validate_certs: bool = True
    ca_path: str = ""
    of: str = "service"
    compiled: tuple[Any, ...] = dataclasses.field(default=(), repr=False, compare=False)

    @classmethod
    def parse(cls, spec: Mapping[str, Any]) -> Probe:
        """:raises Refused: naming probe, field, value and what is allowed"""
        libraries.require("jmespath")
        name = str(spec.get("name") or "")
        if not name:
            raise Refused(f"A probe has no name; its fields are {', '.join(sorted(spec)) or 'none'}.")
        allowed = [field.name for field in dataclasses.fields(cls) if field.name != "compiled"]
        for key in spec:
            if key not in allowed:
                close = difflib.get_close_matches(str(key), allowed, n=1)
                hint = f" (did you mean '{close[0]}'?)" if close else ""
                raise Refused(f"Probe '{name}': field '{key}' is unknown{hint}; allowed are {', '.join(allowed)}.")
        for key, shape, word in (("status", list, "list"), ("expect", list, "list"), ("headers", Mapping, "mapping")):
            if key in spec and not isinstance(spec[key], shape):
                raise Refused(f"Probe '{name}': {key} is {spec[key]!r}, allowed is a {word}.")
        values = {**spec, "name": name}
        values["status"] = tuple(values.get("status", (200,)))
        values["expect"] = tuple(values.get("expect", ()))
        probe = cls(**values, compiled=tuple(_compiled(name, text) for text in values["expect"]))
        probe._check()
        return probe

    def _check(self) -> None:
        for field, value, choices in (
            ("via", self.via, VIA), ("method", self.method, METHODS), ("of", self.of, OF),
        ):
            if value not in choices:
                raise Refused(f"Probe '{self.name}': {field} is '{value}', allowed are {', '.join(choices)}.")
        for field, number in (("timeout", self.timeout), ("attempts", self.attempts), ("interval", self.interval)):
            if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
                raise Refused(f"Probe '{self.name}': {field} is {number!r}, allowed is a number above 0.")
        if self.attempts != int(self.attempts):
            raise Refused(f"Probe '{self.name}': attempts is {self.attempts!r}, allowed is a whole number above 0.")
        if any(isinstance(code, bool) or not isinstance(code, int) for code in self.status):
            raise Refused(f"Probe '{self.name}': status is {list(self.status)}, allowed are whole numbers.")
        if not {"url": self.url, "service": self.service, "pod": self.pod or self.selector}[self.via]:
            wanted = "pod or selector" if self.via == "pod" else self.via
            raise Refused(f"Probe '{self.name}': via is '{self.via}', so {wanted} has to be set.")
        if self.via != "url" and not self.port:
            raise Refused(f"Probe '{self.name}': via is '{self.via}', so port has to be set.")

    def failed(self, status: int, headers: Mapping[str, str], text: str, context: Mapping[str, Any]) -> tuple[str, ...]:
        """The expectations that do not hold; one that cannot be evaluated does not hold."""
        body = _json(text)
        document = {
            "status": status, "headers": {key.lower(): value for key, value in headers.items()}, "text": text,
            "body": body, "health": normalise(body),
            "context": {**context, "version": plain_version(context.get("version", ""))},
        }
        return tuple(
            written for written, compiled in zip(self.expect, self.compiled, strict=True)
            if not _holds(compiled, document)
        )


def bid_probe(service: str, port: int | str = 8080, path: str = "/bid") -> dict[str, Any]:
    """Ask ``service`` for one OpenRTB bid on a test banner; only 200 counts."""
    return {
        "name": f"{service} bid", "via": "service", "service": service, "port": port, "path": path, "method": "POST",
        "timeout": 5.0, "of": "bid",
        "body": {
            "id": "test-deployment-validation",
            "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.1}],
            "site": {"domain": "test.example.com", "page": "https://test.example.com/page"},
            "device": {"ua": "Mozilla/5.0 (Test Browser)", "ip": "192.168.1.1"},
        },
    }


def database_probe(service: str, port: int | str = 8080, path: str = "/health/database") -> dict[str, Any]:
    """Ask ``service`` whether it reaches its database; only 200 counts."""
    return {
        "name": f"{service} database", "via": "service", "service": service, "port": port, "path": path,
        "timeout": 10.0, "of": "database",
    }


def normalise(body: Any) -> dict[str, Any]:
    """One shape out of three: ``{"status", "version", "dependencies": {name: bool}}``.

    ``status`` is ``healthy``, ``unhealthy``, or ``""`` when the body says nothing. Dependencies stand under
    ``checks`` or ``services``, each a word (``connected``), a truth value, or an object with a ``status``.
    """
    if not isinstance(body, dict):
        return {"status": "", "version": "", "dependencies": {}}
    status = body.get("status")
    listed = body.get("services") or body.get("checks") or {}
    return {
        "status": "" if status is None else "healthy" if _well(status) else "unhealthy",
        "version": plain_version(body.get("version", "")),
        "dependencies": {name: _well(value) for name, value in listed.items()} if isinstance(listed, dict) else {},
    }


def plain_version(version: Any) -> str:
    """``v1.2.3`` and ``1.2.3`` are the same version: tags often carry the letter, services rarely say it."""
    return re.sub(r"^v(?=\d)", "", str(version))


def _well(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = value.get("status", "")
    return str(value).lower() in _WELL


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _compiled(name: str, expression: Any) -> Any:
    try:
        return jmespath.compile(expression)
    except (jmespath.exceptions.JMESPathError, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise Refused(f"Probe '{name}': expectation {expression!r} is not JMESPath: {reason}.") from None


def _holds(compiled: Any, document: dict[str, Any]) -> bool:
    try:
        return compiled.search(document) is True
    except jmespath.exceptions.JMESPathError:
        return False
