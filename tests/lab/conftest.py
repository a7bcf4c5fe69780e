"""The sample service for tests that need no cluster."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import golang
from lab.settings import HERE
from tests.lab.sample import Sample

Start = Callable[..., Sample]


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the images are."""
    target = tmp_path_factory.mktemp("app") / "app"
    subprocess.run([golang.toolchain(), "build", *golang.FLAGS, "-o", target, "."], cwd=HERE / "app", check=True,
                   env={**os.environ, **golang.environment()}, timeout=500)
    return target


@pytest.fixture
def start(binary: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts instances; keywords are environment variables. All end with the test."""
    running: list[Sample] = []

    def one(**environment: str) -> Sample:
        running.append(Sample(binary, tmp_path, **environment))
        return running[-1]

    yield one
    for sample in running:
        sample.end()
