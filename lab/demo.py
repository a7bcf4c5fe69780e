"""`python -m lab.demo`: a good release, a bad one taken back, and a rollback by hand, on a real cluster under load.

Ends with 0 only when all went as expected and nobody's request was lost; 1 otherwise; 2 when this machine cannot;
130 after Ctrl-C.
"""
from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from lab import demo_place, demo_steps
from lab.demo_load import Load
from lab.demo_table import Row, table
from lab.demo_typed import typed
from lab.say import fail, say
from lab.trouble import NotAllowed, Trouble


def main() -> int:
    signal.signal(signal.SIGTERM, interrupt)
    place = demo_place.choose()
    try:
        place.prepare()
        return show(place)
    except NotAllowed as trouble:
        fail(str(trouble))
        return 2
    except Trouble as trouble:
        fail(str(trouble))
        return 1
    except KeyboardInterrupt:
        fail("interrupted: nothing of the demo runs any more")
        place.leave()
        return 130


def interrupt(_: int, __: FrameType | None) -> None:
    """SIGTERM ends as Ctrl-C does."""
    raise KeyboardInterrupt


def show(place: demo_place.Place) -> int:
    begun = time.monotonic()
    rows: list[Row] = []
    load = Load(place)
    try:
        for step in demo_steps.steps(place):
            say(f"\n== {step.title}")
            rows.append(run(place, step))
            if not rows[-1].as_expected:
                say("\nthe demo ends here: the steps that follow build on this one")
                break
            if len(rows) == 1:
                load.start()
        rows.append(load.end())
    finally:
        load.stop()
    say(f"\n{table(rows)}\n")
    say(f"{load.line}\nall of it in {time.monotonic() - begun:.0f} s")
    say(f"reports of the releases: {demo_place.REPORTS}\ncounts of the load, by the second: {load.report}")
    say(place.goodbye)
    return 0 if all(row.as_expected for row in rows) else 1


def run(place: demo_place.Place, step: demo_steps.Step) -> Row:
    """The step's command, and who serves afterwards: the latter by requests through the gateway."""
    begun = time.monotonic()
    code = typed(step.argv, place.environment)
    serving = place.serving(step.version, patience=step.patience)
    return Row(step.title, f"exit {step.code}, {step.version} serves", f"exit {code}, {serving} serves",
               time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
