# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.helm_manifest import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:30:15", "22:30:15"), ("2026-01-01", "2026-01-01"), ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("0644", 420), ("0o644", 420), ("0x1F", 31), ("1e3", 1000.0), ("1.5", 1.5), ("-3", -3), ("1.20.3", "1.20.3"),
        ("=", "="), ("yes", True), ('"1.20"', "1.20"), ("", None), ("100m", "100m"), ("089", 89.0),
    ],
)  # fmt: skip
def test_values_are_read_as_helm_reads_them(text: str, value: Any) -> None:
    (found,) = parse(f"kind: ConfigMap\nvalue: {text}\n")
    assert found["value"] == value and type(found["value"]) is type(value)


def test_empty_documents_are_left_out_and_lists_taken_apart() -> None:
    text = "---\n# a.yaml\n---\nkind: List\nitems: [{kind: A}, {kind: BList, items: [{kind: B}]}]\n---\nkind: C\n"
    assert [doc["kind"] for doc in parse(text)] == ["A", "B", "C"]
    assert parse("") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Secret\ndata: {password: lynx\n", "The manifest is no YAML at line 3"),
        ("kind: A\n---\n- lynx\n", "Document 2 of the manifest is no object"),
        ("data: lynx\n", "it has no kind"),
    ],
)
def test_what_is_no_manifest(text: str, message: str) -> None:
    with pytest.raises(RunbookError, match=message) as caught:
        parse(text)
    assert "lynx" not in str(caught.value)
