# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing secret reaches the journal: values are masked by the look of their key, by text patterns, and by literal."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import math
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import MAX_DATA_BYTES, canonical

MASK = "********"

_SECRET = (
    r"password|passwd|passphrase|pwd|secret|token|authori[sz]ation|credential|cookie"
    r"|api_?key|private_?key|access_?key"
)
_SECRET_KEY = re.compile(rf"(?:{_SECRET})s?(?:$|_)")
# `secretName`, `secret_key_ref`, `password_file` point at a secret, they hold none; an undo needs them as they are.
_POINTER = re.compile(r"_(?:name|names|ref|refs|reference|file|path|id|arn)$")
# The fencing token is an integer of ours and no secret; on objects it is an annotation, in patches a path.
_OUR_TOKEN = re.compile(r"^token$|releng\.runbooks(?:/|~1)token$")
# A literal of one or two characters hides nothing, and would shred every text.
_SHORTEST_LITERAL = 3

# Begins only where a word begins and never steps back: a long text costs time by its length, not by its square.
_WORD = rf"(?<![\w./~-])(?=[\w./~-]*?(?:{_SECRET.replace('_', '[_-]')}))[\w./~-]++"
_VALUE = r"\\?\"[^\"]*\"|'[^']*'|[^\s\"',;&}]+"
# Secrets inside longer text: `Authorization: Token x`, `Bearer x`, `password=x`, `--api-key x`, `https://user:x@host`.
_AUTHORIZATION = re.compile(r"(?i)(authorization\\?[\"']?\s*[=:]\s*)(\\?\"[^\"]*\"|'[^']*'|[^\"'\n]+)")
_BEARER = re.compile(r"(?i)(\bbearer\s+)([\w.~+/=-]{16,})")
_ASSIGNED = re.compile(rf"(?i)(?P<key>{_WORD})(?P<sign>\\?[\"']?\s*[=:]\s*)(?P<value>{_VALUE})")
_FLAG = re.compile(rf"(?i)(?P<key>(?=--){_WORD})(?P<sign>\s+)(?P<value>(?!-)(?:{_VALUE}))")
_URL = re.compile(r"(://[^\s/:@]*:)([^\s/@]+)(?=@)")
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?=-----END|\Z)", re.DOTALL)


def scrub(data: Any, secrets: Iterable[str] = ()) -> Any:
    """A copy of ``data`` as plain JSON values with everything masked that is or looks secret.

    Masked are: strings and numbers under a key that looks secret (``db_password``, ``apiKey``, ``Authorization``),
    ``{"name": <such a key>, "value": ...}`` pairs as in container environments, JSON patch operations whose path ends
    in such a key, ``data`` of Kubernetes Secrets, ``key=value`` and URL credentials inside text, and each of
    ``secrets`` anywhere (also URL-quoted and in base64). Not masked are the fencing token and keys that only point
    at a secret (``secretName``).

    NaN and infinities become text, since JSON has none; objects that JSON does not know become their ``str``.
    """
    return _walk(data, _hider(secrets))


def fit(data: dict[str, Any], limit: int = MAX_DATA_BYTES) -> dict[str, Any]:
    """``data`` in at most ``limit`` bytes of canonical JSON: long strings, then long lists are cut, with a note.

    What was cut carries ``"cut": "entry of <n> bytes"`` at the top, so that nobody takes it for the whole.
    """
    size = _size(data)
    if size <= limit:
        return data
    note = f"entry of {size} bytes"
    for strings, items in ((4096, 10_000), (1024, 10_000), (256, 100), (128, 20), (64, 5)):
        cut = {**_cut(data, strings, items), "cut": note}
        if _size(cut) <= limit:
            return cut
    return {"cut": note, "keys": sorted(data)[:50]}


def looks_secret(key: str) -> bool:
    """Whether a value under ``key`` is to be hidden."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    snake = re.sub(r"[^a-z0-9]+", "_", snake)
    return bool(_SECRET_KEY.search(snake)) and not _POINTER.search(snake)


def _hider(secrets: Iterable[str]) -> Callable[[str], str]:
    literals: set[str] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST_LITERAL:
            literals |= {secret, urllib.parse.quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}
    longest_first = sorted(literals, key=len, reverse=True)

    def hide(text: str) -> str:
        for literal in longest_first:
            text = text.replace(literal, MASK)
        for pattern in (_AUTHORIZATION, _BEARER, _URL, _PRIVATE_KEY):
            text = pattern.sub(rf"\g<1>{MASK}", text)
        for pattern in (_ASSIGNED, _FLAG):
            text = _mask_assigned(pattern, text)
        return text

    return hide


def _mask_assigned(pattern: re.Pattern[str], text: str) -> str:
    """Masks values; where the key only points at a secret, the value is looked at in its own right."""
    parts, done, start = [], 0, 0
    while match := pattern.search(text, start):
        key, value = match["key"].lower(), match["value"]
        start = match.start("value")
        if looks_secret(match["key"]) and not _is_our_token(key, int(value) if value.isdecimal() else value[1:-1]):
            parts += [text[done:start], MASK]
            done = start = match.end()
    return "".join([*parts, text[done:]])


def _walk(data: Any, hide: Callable[[str], str]) -> Any:
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        data = dataclasses.asdict(data)
    if isinstance(data, Mapping):
        hidden = _hidden_keys(data)
        return {
            hide(str(key)): _mask(value, hide) if key in hidden else _walk(value, hide) for key, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [_walk(item, hide) for item in data]
    if isinstance(data, (set, frozenset)):
        return sorted((_walk(item, hide) for item in data), key=str)
    if data is None or isinstance(data, (bool, int)):
        return data if data is None or isinstance(data, bool) else int(data)
    if isinstance(data, float):
        return float(data) if math.isfinite(data) else str(data)
    if isinstance(data, bytes):
        return f"<{len(data)} bytes>"
    if isinstance(data, datetime.datetime):
        return data.isoformat()
    return hide(str(data))


def _hidden_keys(data: Mapping[Any, Any]) -> set[Any]:
    hidden = {key for key, value in data.items() if looks_secret(str(key)) and not _is_our_token(str(key), value)}
    named, value = data.get("name", data.get("path")), data.get("value")
    # Numbers stay: {"name": "token_errors", "value": 0.4} is what a gate measured.
    if isinstance(named, str) and isinstance(value, str) and looks_secret(named) and not _is_our_token(named, value):
        hidden.add("value")
    if data.get("kind") == "Secret":
        hidden |= {key for key in ("data", "stringData") if key in data}
    return hidden


def _is_our_token(key: str, value: Any) -> bool:
    """A whole number under ``token``, or digits under the annotation's name: anything else is somebody's secret."""
    match = _OUR_TOKEN.search(key)
    if match is None or isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, str) and value.isdecimal() and match[0] != "token")


def _mask(data: Any, hide: Callable[[str], str]) -> Any:
    """Strings and numbers inside ``data`` hidden, its shape kept; switches and references to a secret stay."""
    if isinstance(data, Mapping):
        if _is_reference(data):
            return _walk(data, hide)
        return {hide(str(key)): _mask(value, hide) for key, value in data.items()}
    if isinstance(data, (list, tuple, set, frozenset)):
        return [_mask(item, hide) for item in data]
    return data if data is None or isinstance(data, bool) or data == "" else MASK


def _is_reference(data: Mapping[Any, Any]) -> bool:
    """``{"secretName": "shop"}``, ``{"name": "shop", "key": "dsn"}``: where Kubernetes finds a secret."""
    return "secretName" in data or ("name" in data and set(data) <= {"name", "namespace", "key", "optional"})


def _cut(data: Any, strings: int, items: int) -> Any:
    if isinstance(data, dict):
        kept = list(data.items())[:items]
        rest = {"…": f"[cut, {len(data)} keys]"} if len(data) > items else {}
        return {**{key: _cut(value, strings, items) for key, value in kept}, **rest}
    if isinstance(data, list):
        rest_items = [f"… [cut, {len(data)} items]"] if len(data) > items else []
        return [_cut(item, strings, items) for item in data[:items]] + rest_items
    if isinstance(data, str) and len(data) > strings:
        return f"{data[:strings]}… [cut, {len(data)} characters]"
    return data


def _size(data: Any) -> int:
    return len(canonical(data).encode("utf-8", "surrogatepass"))
