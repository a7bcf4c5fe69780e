"""JSON pointers: the examples of RFC 6901, and tests of a patch that fail."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.json_pointer import (
    MISSING,
    escape,
    failed_test,
    find,
    unescape,
)

DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, "deep": [{"x": None}]}


@pytest.mark.parametrize(("pointer", "value"), [
    ("", DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/m~0n", 8),
    ("/deep/0/x", None),
])  # fmt: skip
def test_what_is_there(pointer: str, value: Any) -> None:
    assert find(DOCUMENT, pointer) == value


@pytest.mark.parametrize("pointer", ["/none", "/foo/2", "/foo/-", "/foo/-1", "/foo/x", "/foo/0/0", "/deep/0/x/y", "/m"])
def test_what_is_not_there(pointer: str) -> None:
    assert find(DOCUMENT, pointer) is MISSING


@pytest.mark.parametrize("key", ["plain", "releng.runbooks/token", "m~n", "~1", "a/b~0/c", ""])
def test_a_key_survives_being_escaped(key: str) -> None:
    assert unescape(escape(key)) == key
    assert find({key: 1}, f"/{escape(key)}") == 1


def test_an_annotation_as_a_patch_names_it() -> None:
    assert escape("releng.runbooks/token") == "releng.runbooks~1token"


def test_the_first_test_that_fails_is_found() -> None:
    holds = {"op": "test", "path": "/foo/0", "value": "bar"}
    fails = {"op": "test", "path": "/foo/1", "value": "bar"}
    misses = {"op": "test", "path": "/none", "value": None}
    change = {"op": "replace", "path": "/none", "value": 1}
    assert failed_test(DOCUMENT, [change, holds, fails, misses]) == fails
    assert failed_test(DOCUMENT, [misses]) == misses
    assert failed_test(DOCUMENT, [holds, change]) is None
    assert failed_test(None, [holds]) == holds
