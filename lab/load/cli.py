"""The command line of the load generator."""
from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.load import where
from lab.load.counts import Counts
from lab.load.http import Client
from lab.load.pace import send
from lab.say import fail, say
from lab.trouble import NotAllowed

MAX_RATE, MAX_SECONDS, MAX_TIMEOUT = 500.0, 900.0, 10.0
# What the verification of a bidder asks, as well: one banner, a floor that can be met.
BID = {"id": "load", "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.1}],
       "site": {"domain": "test.example.com", "page": "https://test.example.com/page"}}


def main(argv: list[str] | None = None) -> int:
    """0: nothing was lost; 1: something was; 2: this load is not allowed."""
    words = parse(argv)
    try:
        check(words)
        target = where.find(words.url, os.environ, words.host)
    except NotAllowed as trouble:
        fail(str(trouble))
        return 2
    report = asyncio.run(run(words, target))
    if words.report:
        write(words.report, report)
    say(line(report))
    return 1 if report["lost"] else 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.load", description=__doc__)
    parser.add_argument("--url", required=True, help="http://HOST[:PORT] in the lab or on this machine")
    parser.add_argument("--rate", type=float, default=50.0, help=f"requests a second, at most {MAX_RATE:g}")
    parser.add_argument("--seconds", type=float, default=60.0, help=f"at most {MAX_SECONDS:g}")
    parser.add_argument("--path", default="/", help="/bid is asked for a bid by POST, anything else by GET")
    parser.add_argument("--host", default="", help="what the Host header says, if not what the URL says")
    parser.add_argument("--no-reuse", action="store_true", help="a connection for each request")
    parser.add_argument("--timeout", type=float, default=5.0, help=f"seconds, at most {MAX_TIMEOUT:g}")
    parser.add_argument("--slow", type=float, default=500.0, metavar="MS", help="longer answers count as slow")
    parser.add_argument("--bad-version", action="append", default=[], metavar="VERSION",
                        help="a version that is known to be bad: what it fails itself is not lost (repeatable)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write all counts there as JSON")
    return parser.parse_args(argv)


def check(words: argparse.Namespace) -> None:
    """:raises NotAllowed: a number out of its bounds, or a path or host that is none"""
    for option, value, most in (("--rate", words.rate, MAX_RATE), ("--seconds", words.seconds, MAX_SECONDS),
                                ("--timeout", words.timeout, MAX_TIMEOUT)):
        if not 0 < value <= most:
            raise NotAllowed(f"{option} is {value:g}, must be above 0 and at most {most:g}.")
    if not words.path.startswith("/") or any(character.isspace() for character in words.path + words.host):
        raise NotAllowed(f"--path is {words.path!r}, must begin with / and, as --host, hold no white space.")


async def run(words: argparse.Namespace, target: where.Target) -> dict[str, Any]:
    """Send as `words` say, until done or told to end by SIGTERM or SIGINT; the report of it."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    counts = Counts(bad_versions=frozenset(words.bad_version), slow=words.slow / 1000)
    body = json.dumps(BID).encode() if words.path == "/bid" else b""
    client = Client(target, words.path, body, reuse=not words.no_reuse, timeout=words.timeout)
    started = datetime.now(UTC)
    sent_for = await send(client, counts, words.rate, words.seconds, over)
    return {"url": words.url, "host": target.host, "path": words.path, "rate": words.rate,
            "reuse": not words.no_reuse, "slow_ms": words.slow, "bad_versions": sorted(words.bad_version),
            "started": started.isoformat(timespec="milliseconds"), "seconds": round(sent_for, 1),
            "cpu_seconds": round(time.process_time(), 2), "cut_short": over.is_set(), **counts.report()}


def write(path: Path, report: dict[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(report, indent=1) + "\n")
    beside.replace(path)


def line(report: dict[str, Any]) -> str:
    """The report in one line."""
    own = f" ({report['own']} of them by a bad version itself)" if report["own"] else ""
    causes = ", ".join(f"{count} × {cause}" for cause, count in report["failures"].items())
    return (f"{report['requests']} requests in {report['seconds']} s: {report['ok']} ok, {report['slow']} slow, "
            f"{report['failed']} failed{own}, {report['lost']} lost; p95 {report['latency_ms']['p95']} ms"
            + (f"; {causes}" if causes else ""))
