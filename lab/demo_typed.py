"""Commands of the demo: shown as one would type them, and ended with it."""
from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence

from lab.say import say
from lab.settings import HERE
from lab.trouble import Trouble

ROOT = HERE.parent
WAY_BACK = 120.0    # seconds that a release gets, once interrupted, to bring its traffic to the safe side


def typed(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command from the root of the clone, its output as it comes; the exit code.

    It has a process group of its own: what interrupts the demo reaches it once, and all of it, whoever sent it.
    """
    say(f"$ {shlex.join(argv)}")
    try:
        child = subprocess.Popen(argv, cwd=ROOT, env={**environment}, stdin=subprocess.DEVNULL, start_new_session=True)
    except FileNotFoundError as trouble:
        raise Trouble(f"There is no command {argv[0]!r}: `make setup` brings those of Python, the lab its own.") \
            from trouble
    try:
        return child.wait()
    except KeyboardInterrupt:
        say("\ninterrupted: ending the command, which may first bring traffic to the safe side")
        end(child)
        raise


def end(child: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C in a terminal does, and harder if that does not help; a second Ctrl-C does not wait."""
    for number, patience in ((signal.SIGINT, WAY_BACK), (signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(patience)
            return
