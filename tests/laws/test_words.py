"""What must not stand in any file: places that exist on one machine only, unfinished work, and files of no use."""
from __future__ import annotations

import re

import pytest

from tests.laws import tree

FILE_BYTES = 200_000
# Made by machines, or the words of others.
FOREIGN = ("LICENSE", "go.sum", "go.mod", "constraints.txt")

TEXTS = [
    path
    for path in tree.files()
    if path.name not in FOREIGN and path != tree.ROOT / "tests/laws/test_words.py" and b"\0" not in path.read_bytes()
]

PATTERNS = {
    "a path of one machine": r"(?<![\w.~$}])/(?:work|root|home|Users)/[\w.]+",
    "the host of a package registry": (
        r"\b(?:pypi\.org|pythonhosted\.org|proxy\.golang\.org|sum\.golang\.org|registry\.npmjs\.org|crates\.io|"
        r"deb\.debian\.org|repo\.maven\.apache\.org|galaxy\.ansible\.com)\b"
    ),
    "unfinished work": r"\b(?:TODO|FIXME|XXX|HACK|WIP)\b|\b(?:coming soon|to be written|placeholder for)\b",
    "the number of a ticket": r"(?i)\b(?:issue|ticket|pull request|PR) #?\d+\b",
    "a note on how the work was handed out": r"(?i)\b(?:as instructed|per the brief|my task|this workplace|the CEO)\b",
    "a document that is not here": r"\b(?:design\.md|requirements\.md|[a-z]+-facts\.md|CONTRACTS\.md)",
    "a secret": r"^-----BEGIN [A-Z ]*PRIVATE KEY-----$|\bAKIA[0-9A-Z]{16}\b",
}


@pytest.mark.parametrize("what", PATTERNS)
def test_nowhere(what: str) -> None:
    pattern = re.compile(PATTERNS[what])
    found = [
        f"{tree.name_of(path)}:{number}: {line.strip()[:80]}"
        for path in TEXTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_files_are_text_and_small() -> None:
    large = [tree.name_of(path) for path in tree.files() if path.stat().st_size > FILE_BYTES and path.name != "go.sum"]
    assert not large
    binary = [tree.name_of(path) for path in tree.files() if b"\0" in path.read_bytes()]
    assert not binary


def test_files_end_with_one_line_feed_and_no_line_with_a_blank() -> None:
    wrong = []
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        if text and not re.fullmatch(r"(?:.*[^ \t\r\n]\n|\n(?!\Z))*", text):
            wrong.append(tree.name_of(path))
    assert not wrong


def test_yaml_files_have_one_extension() -> None:
    """Ours is .yml; other tools want some of their files to be called .yaml."""
    theirs = {".pre-commit-config.yaml", "Chart.yaml", "values.yaml", "changelog.yaml", "config.yaml"}
    others = [path for path in tree.files() if path.suffix == ".yaml" and "templates" not in path.parts]
    assert not [tree.name_of(path) for path in others if path.name not in theirs]


def test_nothing_is_named_for_its_version() -> None:
    """There is one of each thing: no copy, backup, old or new one beside it."""
    pattern = re.compile(r"(?:_|-|\.)(?:old|new|bak|orig|copy|final|v2)\b|~$")
    assert not [tree.name_of(path) for path in tree.files() if pattern.search(path.stem)]
