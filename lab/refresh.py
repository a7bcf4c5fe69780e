"""Give a lab that is up the images that were built since: after a change of the sample service."""
from __future__ import annotations

import os
from pathlib import Path

from lab.cache import Part
from lab.say import run, say
from lab.settings import Lab


def stamp(lab: Lab) -> Path:
    """Holds the key of the images that the lab's registry has."""
    return lab.run / "images"


def fill_registry(lab: Lab, images: Part) -> None:
    """Put the built images into the lab's registry. Hard links: nothing is copied, and as each file is replaced, never
    written into, the cache stays as it was."""
    source, target = images.folder / "registry", lab.state / "registry"
    for folder, _, names in os.walk(source):
        there = target / Path(folder).relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        for name in names:
            (there / name).unlink(missing_ok=True)
            os.link(Path(folder) / name, there / name)
    stamp(lab).write_text(images.key)


def refresh(lab: Lab, images: Part, tags: list[str]) -> None:
    """New images into a running lab: into its registry, and out of the node's store, so that a pod pulls them."""
    if stamp(lab).read_text() == images.key:
        return
    fill_registry(lab, images)
    ctr = ["ctr", "--address", f"{lab.run}/containerd.sock", "--namespace", "k8s.io", "images"]
    pulled = set(run([*ctr, "list", "--quiet"]).split())
    if stale := sorted(pulled & {f"{lab.registry}/{tag}" for tag in tags}):
        run([*ctr, "remove", *stale])
    say(f"lab {lab.name!r} has the images of the sample service as it is now; pods that run keep theirs")
