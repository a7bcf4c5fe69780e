"""Where doors are asked: real runs of ansible-playbook, an API server on loopback, a helm that answers from files.

    with Stage(place, manifest) as stage:
        asked = stage.ask("first", {"canary": {"plain": Ask({"target": {...}}, {"become": True})}})
        asked.answers["canary"]["plain"].msg
"""
from __future__ import annotations

import dataclasses
import datetime
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.unit.api_server import config
from tests.unit.fake_api import FakeApi

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
NAMESPACE = "shop"
OURS = "releng.runbooks"
# Answers are files beside it, named by the first words of the command; what it was asked is written down.
HELM = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
for name in "$1-$2" "$1"; do [ -f "$here/$name" ] && exec cat "$here/$name"; done
echo "Error: release: not found" >&2
exit 1
"""
# In such a process waiting takes a twentieth of the time, by the clock that doors ask as well.
HURRIED = """import time
_sleep, _clock = time.sleep, time.clock_gettime
time.sleep = lambda seconds: _sleep(seconds / 20 if seconds > 0.1 else seconds)
time.clock_gettime = lambda which: _clock(which) * 20
"""


@dataclasses.dataclass(frozen=True)
class Ask:
    """One task: the arguments of the door, and the words beside it (``become``, ``environment``, ...)."""

    args: Mapping[str, Any]
    words: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What was registered."""

    result: dict[str, Any]

    @property
    def msg(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))


@dataclasses.dataclass(frozen=True)
class Asked:
    """``answers``: door -> name of the task -> answer. ``out``: all that the command printed."""

    code: int
    out: str
    answers: dict[str, dict[str, Answer]]

    def counted(self, door: str) -> dict[str, int]:
        """The recap of a door: how many of its tasks were ``ok``, ``rescued``, ``unreachable``, ..."""
        line = next(line for line in self.out.splitlines() if re.match(rf"{door} +: ok=", line))
        return {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", line)}


class Stage:
    """A place for one module of tests. ``writes`` are the requests that changed something in the cluster."""

    def __init__(self, place: Path, manifest: list[dict[str, Any]]) -> None:
        self.place = place
        self.api = FakeApi(lambda: datetime.datetime.now(datetime.UTC))
        for one in manifest:
            self.api.add(one, NAMESPACE)
        self.writes: list[str] = []
        self.helm = self._stand_in(manifest)
        self._server = _serve(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.kubeconfig = self._kubeconfig("answers", self._server.server_address[1])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.silent = self._kubeconfig("silent", free.getsockname()[1])

    def __enter__(self) -> Stage:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def helm_asked(self) -> list[str]:
        """The commands that helm was given."""
        path = self.helm.with_name("asked")
        return path.read_text().splitlines() if path.exists() else []

    def ask(
        self, name: str, asks: Mapping[str, Mapping[str, Ask]], *args: str,
        variables: Mapping[str, Any] | None = None, collection: str = OURS, **env: str,
    ) -> Asked:
        """All of ``asks`` in one run: each door is a host of its own, each of its tasks has a rescue around it.

        :param name: of the run, and of its folder
        :param args: more words for the command
        :param variables: of all hosts
        :param collection: that the doors belong to; empty for those of ANSIBLE_ACTION_PLUGINS
        """
        place = self.place / name
        place.mkdir()
        self._inventory(place, asks, dict(variables or {}))
        for door, tasks in asks.items():
            _write(place / f"{door}.yml", _asking(f"{collection}.{door}" if collection else door, tasks))
        told = {
            door: {task: f"{{{{ hostvars.{door}.answer_{number} }}}}" for number, task in enumerate(tasks)}
            for door, tasks in asks.items()
        }  # fmt: skip
        _write(place / "play.yml", [
            {"name": "Ask", "hosts": "doors", "gather_facts": False, "strategy": "ansible.builtin.free",
             "tasks": [{"name": "Ask", "ansible.builtin.include_tasks": "{{ inventory_hostname }}.yml"}]},
            {"name": "Keep", "hosts": "localhost", "gather_facts": False, "vars": {"told": told}, "tasks": [
                {"name": "Keep", "keep": {"content": "{{ told | to_json }}", "path": str(place / "told")},
                 "no_log": True}]},
        ])  # fmt: skip
        done = subprocess.run(
            [str(PLAYBOOK), "-i", str(place / "hosts.yml"), str(place / "play.yml"), "--forks", "16", *args],
            cwd=ROOT, env=self._environment(env), check=False, text=True, timeout=300, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert (place / "told").exists(), done.stdout
        found = json.loads((place / "told").read_text())
        return Asked(done.returncode, done.stdout, {
            door: {task: Answer(result) for task, result in one.items()} for door, one in found.items()
        })  # fmt: skip

    # How it is made

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Ansible as somebody has it who only installed it, and nothing of this machine's clusters."""
        mine = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "KUBE", "PYTHON"))}
        empty = self.place / "empty.cfg"
        empty.touch()
        return {
            **mine, "ANSIBLE_CONFIG": str(empty), "ANSIBLE_NOCOLOR": "1", "HOME": str(self.place),
            "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).with_name("actions")),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks/collections"),
            "ANSIBLE_DEPRECATION_WARNINGS": "0", "LC_ALL": "C.UTF-8", "KUBECONFIG": str(self.place / "none"), **more,
        }  # fmt: skip

    @staticmethod
    def _inventory(place: Path, asks: Mapping[str, Mapping[str, Ask]], variables: dict[str, Any]) -> None:
        """Arguments are variables of the host: in a playbook, an error would quote the lines around it."""
        hosts = {
            door: {"asked": {task: dict(one.args) for task, one in tasks.items()}} for door, tasks in asks.items()
        }
        known = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        doors = {"hosts": hosts, "vars": variables}
        _write(place / "hosts.yml", {"all": {"children": {"doors": doors}, "hosts": {"localhost": {}}, "vars": known}})

    def _stand_in(self, manifest: list[dict[str, Any]]) -> Path:
        place = self.place / "bin"
        place.mkdir()
        revision = {
            "revision": 2, "updated": "2026-01-01T02:00:00Z", "status": "deployed", "chart": "shop-0.1.0",
            "app_version": "1.3.0", "description": "Upgrade complete",
        }  # fmt: skip
        (place / "version").write_text("v3.22.0")
        (place / "history").write_text(json.dumps([revision]))
        (place / "get-values").write_text(json.dumps({"image": {"tag": "1.3.0"}}))
        (place / "get-manifest").write_text(yaml.safe_dump_all(manifest))
        rendered = yaml.safe_dump_all(manifest).replace("1.3.0", "1.4.0")
        (place / "upgrade").write_text(json.dumps({"manifest": rendered, "hooks": []}))
        (place / "lint").write_text("")
        (place / "helm").write_text(HELM)
        (place / "helm").chmod(0o755)
        return place / "helm"

    def _kubeconfig(self, name: str, port: int) -> Path:
        path = self.place / f"{name}.conf"
        _write(path, config(f"http://127.0.0.1:{port}", name))
        return path


def _asking(module: str, tasks: Mapping[str, Ask]) -> list[dict[str, Any]]:
    return [
        {
            "name": task,
            "block": [{
                "name": task, module: {key: f"{{{{ asked['{task}']['{key}'] }}}}" for key in one.args},
                "register": f"answer_{number}", **one.words,
            }],
            "rescue": [{"name": "Rescued", "ansible.builtin.meta": "noop"}],
        }
        for number, (task, one) in enumerate(tasks.items())
    ]  # fmt: skip


def _write(path: Path, data: Any) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def _serve(stage: Stage) -> http.server.ThreadingHTTPServer:
    """The API server in memory on a socket; one request at a time, as it knows no threads."""
    turn = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two of them wait for each other

        def handle_one(self) -> None:
            path, _sign, query = self.path.partition("?")
            words = dict(urllib.parse.parse_qsl(query))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            with turn:
                code, answer = stage.api.request(
                    self.command, path, words, body or None, self.headers.get("Content-Type", "")
                )
                if self.command != "GET" and "dryRun" not in words and not path.endswith("accessreviews"):
                    stage.writes.append(f"{self.command} {path}")
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

        def log_message(self, *_args: Any) -> None:
            """Nothing goes to the output of tests."""

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
