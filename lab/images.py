"""The images of the lab, made from scratch without an engine, in the storage of a registry that can be copied."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from lab.golang import compile_packages
from lab.say import run
from lab.settings import HERE, versions
from lab.trouble import Trouble

CATATONIT = Path("/usr/bin/catatonit")


def app_source() -> Path:
    """The Go service behind the sample images; LAB_APP_SOURCE names another one."""
    return Path(os.environ.get("LAB_APP_SOURCE") or HERE / "app")


def names() -> list[str]:
    """Repository and tag of every image of the sample service."""
    named = versions()["images"]
    return [f"{named['app']}:{tag}" for tag in named["tags"]]


def content() -> tuple[bytes, ...]:
    source = app_source()
    files = sorted(path for path in source.rglob("*") if path.suffix == ".go" or path.name in ("go.mod", "go.sum"))
    makers = (str(versions()["images"]).encode(), (HERE / "images.py").read_bytes())
    return (*(path.read_bytes() for path in files), *makers)


def make(folder: Path, log: Path) -> None:
    """Build the service and all images, push them into a registry on loopback whose storage is `folder`/registry."""
    named = versions()["images"]
    binary = folder / "app"
    source = app_source()
    if not (source / "go.mod").exists():
        raise Trouble(f"There is no Go service in {source}: LAB_APP_SOURCE must name a folder with a go.mod.")
    compile_packages(["-ldflags", "-s -w", "-o", str(binary), "."], source, log)
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(registry_config(folder / "registry", f"127.0.0.1:{port}"))
    nowhere = subprocess.DEVNULL
    server = subprocess.Popen(["docker-registry", "serve", str(config)], stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        wait_for_registry(f"http://127.0.0.1:{port}/v2/")
        maker = Maker(folder / "buildah", log, f"127.0.0.1:{port}")
        maker.image(f"pause:{named['pause']}", CATATONIT, ["/catatonit", "-P"], {}, {})
        for tag in named["tags"]:
            maker.image(f"{named['app']}:{tag}", binary, ["/app"], {"VERSION": tag},
                        {"org.opencontainers.image.version": tag})
    finally:
        server.terminate()
        server.wait(timeout=10)
        shutil.rmtree(folder / "buildah", ignore_errors=True)
        config.unlink()


class Maker:
    """buildah with storage of its own, so that the machine's images are neither used nor touched."""

    def __init__(self, storage: Path, log: Path, registry: str) -> None:
        self.log, self.registry = log, registry
        storage.mkdir()
        self.policy = storage / "policy.json"
        self.policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self.words = ["buildah", "--root", str(storage / "root"), "--runroot", str(storage / "run"),
                      "--storage-driver", "vfs"]

    def buildah(self, *words: str) -> str:
        return run([*self.words, *words], env={"BUILDAH_ISOLATION": "chroot"}).strip()

    def image(self, name: str, binary: Path, entry: list[str], env: dict[str, str], label: dict[str, str]) -> None:
        """One file, one entry point: committed with a fixed time, so that the same content has the same digest."""
        container = self.buildah("from", "scratch")
        self.buildah("copy", "--quiet", container, str(binary), entry[0])
        settings = [f"--env={key}={value}" for key, value in env.items()]
        settings += [f"--label={key}={value}" for key, value in label.items()]
        self.buildah("config", "--entrypoint", json.dumps(entry), *settings, container)
        self.buildah("commit", "--quiet", "--rm", "--timestamp", "0", "--signature-policy", str(self.policy),
                     container, name)
        self.buildah("push", "--quiet", "--tls-verify=false", "--signature-policy", str(self.policy), name,
                     f"docker://{self.registry}/{name}")


def registry_config(storage: Path, address: str) -> str:
    """The registry's configuration as the lab runs it: plain HTTP, deletion allowed, no access log."""
    return f"""\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_registry(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise Trouble("The image registry did not answer within 30 seconds.")
