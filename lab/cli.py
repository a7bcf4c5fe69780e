"""The commands of the lab."""
from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab import debian, doctor, leftovers, ready, supervise
from lab.parts import all_parts, build_missing
from lab.say import fail, say
from lab.settings import Lab, find
from lab.trouble import NotAllowed, Trouble
from lab.up import down, up


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: it failed, or a part is not well; 2: this machine or this command line cannot."""
    words = parse(argv)
    commands: dict[str, Callable[[Lab, argparse.Namespace], int]] = {
        "up": bring_up, "down": take_down, "status": status, "logs": logs, "env": env, "doctor": check, "build": build,
        "start": start, "stop": stop}
    try:
        return commands[words.command](find(words.name), words)
    except NotAllowed as trouble:
        fail(str(trouble))
        return 2
    except Trouble as trouble:
        fail(str(trouble))
        return 1
    except KeyboardInterrupt:
        fail("interrupted; the next `up` goes on where this one stopped")
        return 130


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab",
                                     description="A real one-node Kubernetes in a network namespace.")
    choices = ("up", "down", "status", "logs", "env", "doctor", "build", "start", "stop")
    parser.add_argument("command", choices=choices)
    parser.add_argument("part", nargs="*", help="parts: of status, logs, build, start, stop")
    parser.add_argument("--name", default=os.environ.get("LAB_NAME") or "lab",
                        help="which lab (default: LAB_NAME, else lab); each has addresses of its own")
    parser.add_argument("-f", "--follow", action="store_true", help="logs: go on as they grow")
    return parser.parse_args(argv)


def bring_up(lab: Lab, _: argparse.Namespace) -> int:
    up(lab)
    return 0


def take_down(lab: Lab, _: argparse.Namespace) -> int:
    down(lab)
    return 0


def check(lab: Lab, _: argparse.Namespace) -> int:
    doctor.check(lab)
    for name, purpose in debian.missing().items():
        say(f"`up` will install Debian package {name}: {purpose}")
    say("this machine can run the lab")
    return 0


def build(_: Lab, words: argparse.Namespace) -> int:
    debian.install_missing()
    parts = all_parts()
    if unknown := set(words.part) - set(parts):
        raise NotAllowed(f"There is no part {sorted(unknown)[0]!r} to build; there are: {', '.join(parts)}.")
    build_missing({name: part for name, part in parts.items() if not words.part or name in words.part})
    return 0


def status(lab: Lab, _: argparse.Namespace) -> int:
    if not supervise.answers(lab):
        rest = leftovers.traces(lab)
        say(f"lab {lab.name!r} is not up" + (f"; left of it: {'; '.join(rest[:5])}" if rest else ""))
        return 1
    urls = ready.checks(lab)
    well = True
    for name, state in supervise.states(lab).items():
        answer = "" if name not in urls else "answers" if ready.answers(urls[name], lab) else "does not answer"
        well = well and state == "RUNNING" and answer != "does not answer"
        say(f"{name:20} {state:10} {answer}")
    return 0 if well else 1


def env(lab: Lab, _: argparse.Namespace) -> int:
    if not (lab.run / "env").exists():
        raise Trouble(f"Lab {lab.name} is not up: start it with `make lab-up`.")
    say((lab.run / "env").read_text().rstrip())
    return 0


def start(lab: Lab, words: argparse.Namespace) -> int:
    supervise.start_programs(lab, words.part)
    for name in words.part:
        ready.wait_for(name, lab)
    return 0


def stop(lab: Lab, words: argparse.Namespace) -> int:
    supervise.stop_programs(lab, words.part)
    return 0


def logs(lab: Lab, words: argparse.Namespace) -> int:
    """The last lines of the parts' logs; with -f as they grow, until Ctrl-C."""
    files = {path.stem: path for path in sorted(lab.logs.glob("*.log"))}
    if not files:
        raise Trouble(f"Lab {lab.name} has no logs: it is not up.")
    wanted = words.part or list(files)
    if unknown := set(wanted) - set(files):
        raise NotAllowed(f"There is no log {sorted(unknown)[0]!r}; there are: {', '.join(files)}.")
    for name in wanted:
        lines = files[name].read_text(errors="replace").splitlines()
        for line in lines[-(200 if words.part else 5):]:
            say(f"{name:20} {line}")
    if words.follow:
        follow({name: files[name] for name in wanted})
    return 0


def follow(files: dict[str, Path]) -> None:
    """Print what is appended, until Ctrl-C."""
    streams = {name: path.open(errors="replace") for name, path in files.items()}
    for stream in streams.values():
        stream.seek(0, 2)
    try:
        while True:
            for name, stream in streams.items():
                for line in stream:
                    print(f"{name:20} {line}", end="")
            sys.stdout.flush()
            time.sleep(0.3)
    except KeyboardInterrupt:
        return
