"""The target that tests of checks begin with."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.plugins.module_utils.checks.world import World, serving


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def world(server: str) -> World:
    return World(server, f"http://{server}")
