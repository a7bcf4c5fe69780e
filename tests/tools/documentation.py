"""`python -m tests.tools.documentation`: print the documentation of every door, filter, test, callback and role."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
NAME = "releng.runbooks"


def names() -> dict[str, list[str]]:
    """Kind of plugin, as ansible-doc calls it -> full names; a kind of which there is none is left out."""
    found = {"module": _stems("modules/*.py"), "callback": _stems("callback/*.py")}
    found |= {kind: _stems(f"{kind}/*.yml") for kind in ("filter", "test")}
    found["role"] = [path.parents[1].name for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))]
    return {kind: [f"{NAME}.{stem}" for stem in stems] for kind, stems in found.items() if stems}


def command(kind: str, wanted: list[str]) -> list[str]:
    """How to ask for it in a clone."""
    return ["ansible-doc", "--playbook-dir", "playbooks", "-t", kind, *wanted]


def _stems(pattern: str) -> list[str]:
    return [path.stem for path in sorted((ROOT / "plugins").glob(pattern)) if path.stem != "__init__"]


def main() -> int:
    print(f"{NAME} {yaml.safe_load((ROOT / 'galaxy.yml').read_text())['version']}\n", flush=True)
    program = str(Path(sys.executable).parent / "ansible-doc")
    for kind, wanted in names().items():
        done = subprocess.run([program, *command(kind, wanted)[1:]], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
