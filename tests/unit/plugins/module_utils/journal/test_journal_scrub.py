# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.journal import MASK, scrub
from ansible_collections.releng.runbooks.plugins.module_utils.journal.records import MAX_DATA_BYTES, canonical
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import fit, looks_secret

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "journal_scrub.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", CASES["secret_keys"])
def test_keys_that_look_secret(key: str) -> None:
    assert looks_secret(key)
    assert scrub({key: "lynx"}) == {key: MASK}


@pytest.mark.parametrize("key", CASES["plain_keys"])
def test_keys_that_do_not(key: str) -> None:
    assert not looks_secret(key)
    assert scrub({key: "lynx"}) == {key: "lynx"}


@pytest.mark.parametrize("case", CASES["texts"], ids=lambda case: case["in"])
def test_secrets_inside_text(case: dict[str, str]) -> None:
    assert scrub(case["in"]) == case["out"]


@pytest.mark.parametrize("case", CASES["data"], ids=lambda case: case["name"])
def test_secrets_inside_data(case: dict[str, Any]) -> None:
    assert scrub(case["in"]) == case["out"]
    assert scrub(case["out"]) == case["out"]


def test_literal_secrets_are_hidden_wherever_they_stand() -> None:
    data = {"text": "a p@ss/word b", "quoted": "p%40ss%2Fword", "base64": "cEBzcy93b3Jk", "p@ss/word": ["p@ss/word"]}
    clean = scrub(data, ["p@ss/word", "", "ab", "p@ss/word-longer"])
    assert clean == {"text": f"a {MASK} b", "quoted": MASK, "base64": MASK, MASK: [MASK]}
    assert scrub("p@ss/word-longer", ["p@ss/word", "p@ss/word-longer"]) == MASK


def test_everything_becomes_plain_json() -> None:
    class Colour(enum.StrEnum):
        RED = "red"

    @dataclasses.dataclass
    class Pair:
        left: int
        password: str

    data = {
        "tuple": (1, 2.5), "set": {"b", "a"}, "nan": float("nan"), "inf": float("-inf"), "enum": Colour.RED, 3: None,
        "path": Path("/x"), "bytes": b"abc", "pair": Pair(1, "lynx"), "yes": True,
        "at": datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC),
    }
    clean = scrub(data)
    assert clean == {
        "tuple": [1, 2.5], "set": ["a", "b"], "nan": "nan", "inf": "-inf", "enum": "red", "3": None,
        "path": "/x", "bytes": "<3 bytes>", "pair": {"left": 1, "password": MASK}, "yes": True,
        "at": "2026-03-01T00:00:00+00:00",
    }
    assert json.loads(canonical(clean)) == clean


def test_the_given_data_stay_as_they_are() -> None:
    data = {"password": "lynx", "list": [{"token": "x"}]}
    scrub(data)
    assert data == {"password": "lynx", "list": [{"token": "x"}]}


@pytest.mark.parametrize(
    "text", ["x" * 500_000, "token" * 100_000, "-" * 300_000, "a:/" * 100_000, "secret =" * 50_000]
)
def test_long_text_takes_no_time_to_speak_of(text: str) -> None:
    started = time.process_time()
    scrub(text)
    assert time.process_time() - started < 5


def test_small_data_are_kept_whole() -> None:
    data = {"text": "x" * 1000, "list": list(range(100))}
    assert fit(data) is data


@pytest.mark.parametrize(
    "data",
    [
        {"log": "x" * 200_000, "code": 137},
        {"logs": ["x" * 3000] * 50},
        {"rows": [{"n": n} for n in range(20_000)]},
        {"rows": {str(n): n for n in range(20_000)}},
        {"rows": [[["ü" * 50] * 50] * 50] * 50},
        {f"key {n}": "x" * 40 for n in range(5000)},
    ],
)
def test_large_data_are_cut_to_size_and_say_so(data: dict[str, Any]) -> None:
    cut = fit(data)
    assert len(canonical(cut).encode()) <= MAX_DATA_BYTES
    assert cut["cut"] == f"entry of {len(canonical(data).encode())} bytes"
    assert "[cut, " in canonical(cut)
