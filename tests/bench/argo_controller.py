"""The controller of Argo Rollouts: built from its Go module, run beside the cluster, gone after the bench."""
from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import golang
from lab.cache import Part
from lab.demo_typed import end
from lab.parts import build_missing
from lab.say import run
from tests.bench.place import Place

SOURCE = Path(__file__).resolve().parent / "argo"
MODULE = "github.com/argoproj/argo-rollouts"
CRDS = ("rollout", "analysis-run", "analysis-template", "cluster-analysis-template", "experiment")


def version() -> str:
    """As go.mod pins it."""
    found = re.search(rf"{re.escape(MODULE)} v(\S+)", (SOURCE / "go.mod").read_text())
    assert found
    return found[1]


def part() -> Part:
    """The program `rollouts-controller` and its custom resource definitions."""
    content = [(SOURCE / name).read_bytes() for name in ("go.mod", "go.sum")]
    return Part("argo-rollouts", version(), 600, _make, (*content, platform.machine().encode()))


def _make(folder: Path, log: Path) -> None:
    golang.compile_packages(["-ldflags", "-s -w", "-o", f"{folder}/", "tool"], SOURCE, log)
    words: list[str | Path] = [golang.toolchain(), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", MODULE]
    module = Path(run(words, cwd=SOURCE, env=golang.environment()).strip())
    for name in CRDS:
        shutil.copy(module / "manifests" / "crds" / f"{name}-crd.yaml", folder)


@contextmanager
def running(place: Place) -> Iterator[None]:
    """The controller for as long as the block lasts; its definitions, and all objects of them, go with it.

    :raises Trouble: it cannot be built
    """
    made = part()
    build_missing({made.name: made})
    definitions = [word for name in CRDS for word in ("-f", str(made.folder / f"{name}-crd.yaml"))]
    place.site.kubectl("apply", "--server-side", *definitions)
    argv = [
        str(made.folder / "rollouts-controller"), "--kubeconfig", place.site.env["KUBECONFIG"],
        "--leader-elect=false", "--namespaced", "--namespace", "shop",
    ]  # fmt: skip
    with (place.folder / "argo.log").open("w") as log:
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            place.site.kubectl("wait", "--for=condition=Established", "--timeout=30s", *definitions)
            yield
        finally:
            _forget(place)
            end(child)
            place.site.kubectl("delete", "--ignore-not-found", *definitions)


def _forget(place: Place) -> None:
    """Objects first, while their controller is there to take their finalizers off."""
    kinds = json.loads(place.site.kubectl("get", "crd", "-o", "json"))["items"]
    names = [one["metadata"]["name"] for one in kinds if one["spec"]["group"] == "argoproj.io"]
    for name in names:
        if not name.startswith("cluster"):
            place.site.kubectl("delete", name, "--all", "--timeout=30s")
