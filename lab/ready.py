"""Waiting for what was started, saying what is waited for when it takes too long."""
from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from lab import supervise
from lab.settings import API, DNS_READY, PROMETHEUS, STATS, Lab
from lab.trouble import Trouble

SECONDS = 180.0     # most of it is never needed; a machine with other work to do takes ten times as long as an idle one


def answers(url: str, lab: Lab) -> bool:
    """Whether a GET gives 200. The API server shows /readyz to everybody, by a certificate of our own authority."""
    context = ssl.create_default_context(cafile=f"{lab.state}/pki/ca.crt") if url.startswith("https") else None
    try:
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with urllib.request.build_opener(*handlers).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def checks(lab: Lab) -> dict[str, str]:
    """Program -> the address that says whether it is ready; what listens only on loopback is seen by what it does."""
    node = lab.node
    return {"apiserver": f"https://{node}:{API}/readyz", "registry": f"http://{lab.registry}/v2/",
            "coredns": f"http://{node}:{DNS_READY}/ready", "envoy": f"http://{node}:{STATS}/ready",
            "prometheus": f"http://{node}:{PROMETHEUS}/-/ready"}


def wait(what: str, lab: Lab, is_so: Callable[[], bool], seconds: float = SECONDS, program: str = "") -> None:
    """Ask every 0.1 s until it is so.

    :raises Trouble: it is not within `seconds`, or supervisor has given the program up
    """
    until = time.monotonic() + seconds
    while not is_so():
        gone = program and supervise.states(lab).get(program) == "FATAL"
        if gone or time.monotonic() > until:
            why = f"{program} does not stay up" if gone else f"not so within {seconds:.0f} s"
            raise Trouble(f"Waited for {what}: {why}. See `python -m lab logs {program or 'supervisord'}`.")
        time.sleep(0.1)


def wait_for(program: str, lab: Lab, seconds: float = SECONDS) -> None:
    """Wait until a program answers, where it can be asked, and supervisor takes it for running."""
    url = checks(lab).get(program)
    wait(program, lab, lambda: (url is None or answers(url, lab)) and supervise.runs(lab, program), seconds, program)
