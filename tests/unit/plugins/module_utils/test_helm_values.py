# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.helm_values import as_text, secrets, with_version


@pytest.mark.parametrize(
    ("values", "path", "result"),
    [
        ({}, "tag", {"tag": "1.20"}),
        ({"image": {"tag": "1.19", "name": "shop"}}, "image.tag", {"image": {"tag": "1.20", "name": "shop"}}),
        ({"image": None}, "image.tag", {"image": {"tag": "1.20"}}),
        ({}, "shop.image.tag", {"shop": {"image": {"tag": "1.20"}}}),
        ({"all": [{"tag": "1"}, {}]}, "all[1].image.tag", {"all": [{"tag": "1"}, {"image": {"tag": "1.20"}}]}),
        ({"tags": [["1"]]}, "tags[0][0]", {"tags": [["1.20"]]}),
    ],
)
def test_the_version_is_put_in_its_place(values: dict[str, Any], path: str, result: dict[str, Any]) -> None:
    before = json.dumps(values)
    assert with_version(values, [path], "1.20") == result
    assert json.dumps(values) == before, "what was given stays as it was"


def test_several_paths() -> None:
    assert with_version({}, ["image.tag", "worker.tag"], "2") == {"image": {"tag": "2"}, "worker": {"tag": "2"}}


@pytest.mark.parametrize(
    ("values", "path", "message"),
    [
        ({"image": "shop:1"}, "image.tag", "'image.tag' leads through str 'shop:1' at 'tag'"),
        ({"all": {}}, "all[0].tag", "'all\\[0\\].tag' wants item 0 of what is no list"),
        ({"all": [{}]}, "all[1].tag", "wants item 1 of what is a list of 1"),
        ({}, "all[0]", "a list of 0"),
        ({}, "image..tag", "'image..tag' is no path"),
        ({}, "", "'' is no path"),
        ({}, "all[x]", "is no path"),
    ],
)
def test_paths_that_lead_nowhere(values: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(Refused, match=message):
        with_version(values, [path], "1.20")


@pytest.mark.parametrize(
    ("version", "message"), [(1.2, "1.2 was read as a number.*quote it"), (7, "quote it"), ("", "is empty")]
)
def test_versions_that_are_none(version: Any, message: str) -> None:
    with pytest.raises(Refused, match=message):
        with_version({}, ["image.tag"], version)


def test_texts_stay_texts() -> None:
    assert json.loads(as_text({"tag": "1.20", "n": 3})) == {"tag": "1.20", "n": 3}
    assert as_text(None) == ""


def test_what_must_not_be_shown() -> None:
    values = {"password": "a-1", "db": [{"apiKey": "b-2"}], "token": {"first": "c-3"}, "tag": "d-4", "secretName": "e"}
    assert list(secrets(values)) == ["a-1", "b-2", "c-3"]
