# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest as text, read as the API server will read it: numbers, dates and signs as Go's YAML takes them."""

from __future__ import annotations

import re
from typing import Any

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError

_NUMBERS = {
    # Python's YAML takes 22:30 for a number in base 60, Go's does not; 0o644 and 1e3 it is the other way round.
    "int": (re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)\Z"), "-+0123456789"),
    "float": (
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        "-+0123456789.",
    ),
}
# A date stays text for the API server, and `=` is a sign in enumerations, no value of its own.
_TEXT = ("timestamp", "value")


def _loader() -> Any:
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("ManifestLoader", (base,), {})
    dropped = {f"tag:yaml.org,2002:{name}" for name in (*_NUMBERS, *_TEXT)}
    loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag not in dropped]
        for first, known in base.yaml_implicit_resolvers.items()
    }
    for name, (pattern, first) in _NUMBERS.items():
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", pattern, list(first))
    return loader


def parse(text: str) -> list[dict[str, Any]]:
    """Every object of a manifest in its order: empty documents are left out, lists are taken apart.

    :raises RunbookError: it is no YAML, or a document is not an object; the text is not quoted, it may hold secrets
    """
    libraries.require("yaml")
    try:
        documents = list(yaml.load_all(text, Loader=_loader()))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "it cannot be read"
        raise RunbookError(f"The manifest is no YAML{where}: {why}.") from None
    found: list[dict[str, Any]] = []
    for number, document in enumerate(documents, 1):
        if document is None:
            continue
        if not isinstance(document, dict) or "kind" not in document:
            raise RunbookError(f"Document {number} of the manifest is no object: it has no kind.")
        found += _flat(document)
    return found


def _flat(document: dict[str, Any]) -> list[dict[str, Any]]:
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        return [one for item in document["items"] for one in _flat(item)]
    return [document]
