"""`python -m tests.bench [NAME...] [--rounds N]`: measure, and print a table of it.

Numbers are kept as JSON under build/bench/, each bench as soon as it has ended. Ends with 0 when every bench ran; with
1 when one did not; with 2 when there is nothing to measure on; with 130 after Ctrl-C. A goal that is missed is in the
table and no failure: how fast it is depends on the machine.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from lab.say import fail, say
from lab.trouble import Trouble
from tests.bench import conviction, door_cost, image_missing, place, rolling, two_targets
from tests.bench.outcome import Outcome, Row, table


@dataclass(frozen=True)
class Bench:
    rounds: int
    run: Callable[[place.Place, int], Outcome]


BENCHES = {
    module.NAME: Bench(module.ROUNDS, module.run)
    for module in (door_cost, image_missing, rolling, two_targets, conviction)
}


def main(argv: list[str] | None = None) -> int:
    words = parse(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        where = place.find()
        facts = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(),
            "versions": where.versions(),
        }  # fmt: skip
        return measure(where, words.name or list(BENCHES), words.rounds, facts)
    except Trouble as trouble:
        fail(str(trouble))
        return 2
    except KeyboardInterrupt:
        fail("interrupted: nothing of the benches runs any more")
        return 130


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure releases on a real cluster.")
    parser.add_argument("name", nargs="*", choices=[[], *BENCHES], help=f"which: {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=0, help="of each bench; intervals are told from three on")
    return parser.parse_args(argv)


def measure(where: place.Place, names: list[str], rounds: int, facts: dict[str, Any]) -> int:
    """Each bench, one after the other; a bench that fails does not keep the others from running."""
    rows: list[Row] = []
    failed = []
    try:
        for name in names:
            bench = BENCHES[name]
            say(f"== {name}")
            try:
                outcome = bench.run(where, rounds or bench.rounds)
            except (AssertionError, OSError, LookupError, ValueError, subprocess.SubprocessError):
                failed.append(name)
                fail(f"{name} did not run to its end:\n{traceback.format_exc()}")
                continue
            rows += outcome.rows
            keep(name, {**facts, "rounds": rounds or bench.rounds}, outcome)
    finally:
        if rows:
            say(f"\n{table(rows)}\n\n{facts['date']}, {facts['cores']} cores, {_told(facts['versions'])}")
    return 1 if failed else 0


def keep(name: str, facts: dict[str, Any], outcome: Outcome) -> None:
    moment = facts["date"].replace(":", "").replace("+0000", "Z")
    path = place.FOLDER / f"{moment}-{name}.json"
    data = {**facts, "bench": name, "rows": [row.data() for row in outcome.rows], "raw": outcome.raw}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    say(f"  kept as build/bench/{path.name}")


def _told(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def _interrupt(_: int, __: FrameType | None) -> None:
    """SIGTERM ends as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
