"""Built parts, each in a folder named after the content it was made from; there wholly or not at all."""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.settings import cache_dir


@dataclass(frozen=True)
class Part:
    """Something to build. `make(folder, log)` fills the folder; `content` is all that decides what comes out."""

    name: str
    version: str
    seconds: float
    make: Callable[[Path, Path], None]
    content: tuple[bytes, ...] = field(repr=False, default=())

    @property
    def key(self) -> str:
        digest = hashlib.sha256(f"{self.name}\0{self.version}\0".encode())
        for piece in self.content:
            digest.update(hashlib.sha256(piece).digest())
        return digest.hexdigest()[:16]

    @property
    def folder(self) -> Path:
        return cache_dir() / "parts" / f"{self.name}-{self.key}"

    @property
    def there(self) -> bool:
        return self.folder.is_dir()


def build(part: Part) -> None:
    """Make a part in a folder beside its place and rename it: a kill leaves nothing that looks finished."""
    rough = part.folder.with_name(f"{part.folder.name}.rough-{os.getpid()}")
    log = cache_dir() / "build-logs" / f"{part.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    rough.mkdir(parents=True)
    try:
        part.make(rough, log)
        rough.rename(part.folder)
    finally:
        shutil.rmtree(rough, ignore_errors=True)


@contextmanager
def builder() -> Iterator[None]:
    """One builder at a time; what a killed one left half-made is removed."""
    root = cache_dir() / "parts"
    root.mkdir(parents=True, exist_ok=True)
    with (root.parent / "builder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for rest in root.glob("*.rough-*"):
            shutil.rmtree(rest, ignore_errors=True)
        yield
