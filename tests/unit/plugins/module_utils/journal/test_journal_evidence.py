# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal import scrub
from ansible_collections.releng.runbooks.plugins.module_utils.journal.evidence import EvidenceStore, safe_name


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence", scrub)


def test_samples_come_back_in_order(store: EvidenceStore) -> None:
    evidence = store.file("r1", "shop-eu", "error rate")
    assert evidence.read() == []
    for number in range(3):
        evidence.append({"at": number, "value": float("nan") if number == 1 else 0.5, "text": "line\nbreak\u2028 ü"})
    assert [sample["value"] for sample in store.file("r1", "shop-eu", "error rate").read()] == [0.5, "nan", 0.5]
    assert evidence.read()[0]["text"] == "line\nbreak\u2028 ü"
    assert evidence.path == store.root / "r1" / "shop-eu" / "error%20rate.jsonl"


def test_a_sample_is_in_the_file_when_append_returns(store: EvidenceStore) -> None:
    evidence = store.file("r1", "shop-eu", "gate")
    evidence.append({"value": 1})
    assert evidence.path.read_text() == '{"value":1}\n'


@pytest.mark.parametrize("torn", ['{"value":', "[1]\n", "\x00\x00", '"text"\n'])
def test_what_a_killed_writer_left_does_not_hurt_the_rest(store: EvidenceStore, torn: str) -> None:
    evidence = store.file("r1", "shop-eu", "gate")
    evidence.append({"value": 1})
    with evidence.path.open("a") as handle:
        handle.write(torn)
    evidence.append({"value": 2})
    assert evidence.read() == [{"value": 1}, {"value": 2}]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("shop-eu_1.2", "shop-eu_1.2"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
        ("a%2Fb", "a%252Fb"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("a\x00b\n", "a%00b%0A"),
        ("", "%00"),
    ],
)
def test_names_are_safe_and_never_meet(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_long_names_are_cut_and_never_meet() -> None:
    one, two = safe_name("x" * 300), safe_name("x" * 301)
    assert one != two and len(one) < 128 and one.startswith("x" * 100)


def test_a_link_in_the_way_is_not_followed(store: EvidenceStore, tmp_path: Path) -> None:
    evidence = store.file("r1", "shop-eu", "gate")
    evidence.path.parent.mkdir(parents=True)
    evidence.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunbookError, match="Evidence cannot be written to .*/gate.jsonl"):
        evidence.append({"value": 1})
    assert not (tmp_path / "elsewhere").exists()


def test_only_the_named_releases_are_removed(store: EvidenceStore, tmp_path: Path) -> None:
    for release in ("r1", "r2", "../r3"):
        store.file(release, "shop-eu", "gate").append({})
    (tmp_path / "kept").mkdir()
    os.symlink(tmp_path / "kept", store.root / "link")
    assert store.remove(["r1", "r9", "../r3", "link", ".."]) == ["r1", "../r3"]
    assert sorted(path.name for path in store.root.iterdir()) == ["link", "r2"]
    assert (tmp_path / "kept").is_dir()
