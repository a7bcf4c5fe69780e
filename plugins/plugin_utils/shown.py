# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests for a terminal, as `--diff` prints them: without what a Secret holds, and without what looks like one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils.journal import scrub

MASK = "********"


def shown(docs: Iterable[dict[str, Any]]) -> str:
    """``docs`` as YAML."""
    return str(yaml.safe_dump_all([_without_secrets(one) for one in docs], sort_keys=False))


def _without_secrets(doc: dict[str, Any]) -> dict[str, Any]:
    hidden = {key: dict.fromkeys(doc.get(key) or {}, MASK) for key in ("data", "stringData") if key in doc}
    found: dict[str, Any] = scrub({**doc, **hidden} if doc.get("kind") == "Secret" else doc)
    return found
