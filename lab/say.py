"""Lines for the person who waits, and commands that say what they said when they fail."""
from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.trouble import Trouble


def say(text: str) -> None:
    """A reader that has gone away (`... | head`) is no reason to stop half-way."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of the process


def span(seconds: float) -> str:
    """`7 s` or `3 min`, for people."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@contextmanager
def heartbeat(text: str, every: float = 30.0) -> Iterator[None]:
    """While the block runs, say every now and then that it still does, and for how long."""
    over = threading.Event()
    begun = time.monotonic()

    def beat() -> None:
        while not over.wait(every):
            say(f"        {text}: {span(time.monotonic() - begun)} so far")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def run(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None,
        feed: str | None = None, log: Path | None = None, timeout: float = 3600) -> str:
    """Run a command, return its standard output; with `log`, both its streams go there instead.

    :raises Trouble: it failed: with its last lines
    """
    words = [str(word) for word in argv]
    full = {**os.environ, **(env or {})}
    if log is not None:
        with log.open("ab") as sink:
            code = finish(words, env=full, cwd=cwd, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                          timeout=timeout).returncode
        said, out = log.read_text(errors="replace"), ""
    else:
        done = finish(words, env=full, cwd=cwd, input=feed or "", capture_output=True, timeout=timeout)
        code, said, out = done.returncode, done.stderr or done.stdout, done.stdout
    if code != 0:
        tail = "\n    ".join(said.strip().splitlines()[-12:])
        raise Trouble(f"`{' '.join(words[:6])}` ended with code {code}:\n    {tail}")
    return out


def finish(words: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    """:raises Trouble: the command does not exist, or is not done in time"""
    try:
        return subprocess.run(words, text=True, check=False, **more)
    except FileNotFoundError as error:
        raise Trouble(f"`{' '.join(words[:6])}` cannot start: there is no {error.filename}.") from error
    except subprocess.TimeoutExpired as late:
        raise Trouble(f"`{' '.join(words[:6])}` was not done after {span(late.timeout)}.") from late


def run_again(argv: Sequence[str | Path], *, pauses: Sequence[float] = (3.0, 15.0, 45.0), **more: Any) -> str:
    """`run`, and once more after each pause: for what fetches something, since a network may be away for a while.

    :raises Trouble: it failed the last time, too
    """
    for pause in pauses:
        try:
            return run(argv, **more)
        except Trouble as trouble:
            last = str(trouble).strip().splitlines()[-1].strip()
            say(f"        {Path(argv[0]).name} failed ({last[:160]}); once more in {span(pause)}")
            time.sleep(pause)
    return run(argv, **more)


def fail(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)
