"""One site for all: each test begins with the sample service as it was first installed."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.red.harness import Site


@pytest.fixture
def site(cluster: dict[str, str], tmp_path: Path) -> Site:
    found = Site(cluster, tmp_path)
    found.baseline()
    return found
