"""Start the supervisor of a lab and talk to it over its socket."""
from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from lab.settings import HERE, Lab
from lab.trouble import Trouble


class _Connection(http.client.HTTPConnection):
    """HTTP over the supervisor's unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> _Connection:
        return _Connection(self.path)


def talk(lab: Lab) -> Any:
    """supervisord's own interface: `talk(lab).supervisor.getAllProcessInfo()`."""
    return xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(lab.socket))


def start(lab: Lab, package: Path) -> None:
    """Start supervisord inside the lab's namespaces and wait until it answers.

    :raises Trouble: it does not: with what it said
    """
    said = lab.logs / "supervisord.out"
    env = {**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{package}"}
    with said.open("ab") as sink:
        child = subprocess.Popen([sys.executable, "-m", "lab.inside", lab.name], env=env, stdin=subprocess.DEVNULL,
                                 stdout=sink, stderr=sink, cwd=lab.state, start_new_session=True)
    for _ in range(400):
        if answers(lab):
            return
        if child.poll() is not None:
            break
        time.sleep(0.1)
    raise Trouble(f"supervisord did not start:\n    {said.read_text(errors='replace')[-1500:]}")


def answers(lab: Lab) -> bool:
    try:
        return bool(talk(lab).supervisor.getState()["statecode"] == 1)
    except (OSError, http.client.HTTPException, xmlrpc.client.Fault):
        return False


def states(lab: Lab) -> dict[str, str]:
    """Program -> supervisor's word for its state (RUNNING, STOPPED, BACKOFF, ...).

    :raises Trouble: the supervisor does not answer
    """
    try:
        return {entry["name"]: entry["statename"] for entry in talk(lab).supervisor.getAllProcessInfo()}
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"The supervisor of lab {lab.name} does not answer ({error}): see {lab.logs}.") from error


def runs(lab: Lab, program: str) -> bool:
    return states(lab).get(program) == "RUNNING"


def start_programs(lab: Lab, names: list[str]) -> None:
    for name in names:
        _ask(lab, "startProcess", name)


def stop_programs(lab: Lab, names: list[str]) -> None:
    for name in names:
        _ask(lab, "stopProcess", name)


def _ask(lab: Lab, verb: str, name: str) -> None:
    """:raises Trouble: there is no such part; asking for what is so already is no error."""
    try:
        getattr(talk(lab).supervisor, verb)(name, verb == "stopProcess")
    except xmlrpc.client.Fault as fault:
        if "BAD_NAME" in fault.faultString:
            raise Trouble(f"The lab has no part {name!r}; it has: {', '.join(states(lab))}.") from fault
        if not any(word in fault.faultString for word in ("ALREADY_STARTED", "NOT_RUNNING")):
            raise Trouble(f"{name}: {fault.faultString}; see `python -m lab logs {name}`.") from fault
