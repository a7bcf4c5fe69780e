"""What all tests share: the folder decides the marks and how long a test may take."""
from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Folder under tests/ -> marks, and seconds after which a test counts as hung.
FOLDERS = {
    "unit": ([], 60),
    "laws": ([], 60),
    "tools": (["tools"], 420),
    "lab": (["lab"], 600),
    "red": (["lab", "red"], 420),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test by its folder; a time limit or mark that the test itself names stays."""
    for item in items:
        marks, seconds = FOLDERS.get(item.path.relative_to(ROOT / "tests").parts[0], ([], 60))
        for mark in marks:
            item.add_marker(mark)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(seconds))
