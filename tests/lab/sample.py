"""The sample service as a process on loopback."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BID = {"id": "test-deployment-validation", "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "bidfloor": 0.1}],
       "site": {"domain": "test.example.com", "page": "https://test.example.com/page"},
       "device": {"ua": "Mozilla/5.0 (Test Browser)", "ip": "192.168.1.1"}}


@dataclass(frozen=True)
class Answer:
    status: int
    version: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Sample:
    """One instance; its output goes into a file, as a full pipe would stop it."""

    def __init__(self, binary: Path, folder: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / f"sample-{self.port}.log"
        environment = {"VERSION": "1.2.3", "LISTEN": f"127.0.0.1:{self.port}", **environment}
        with self.output.open("w") as sink:
            self.process = subprocess.Popen([str(binary)], env={**os.environ, **environment}, stdout=sink,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def listening(self) -> Sample:
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"the sample service does not listen: {self.lines()}")

    def ask(self, path: str, body: Any = None, **headers: str) -> Answer:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=15) as answer:
                return Answer(answer.status, answer.headers["X-Version"], answer.read().decode())
        except urllib.error.HTTPError as refusal:
            return Answer(refusal.code, refusal.headers["X-Version"], refusal.read().decode())

    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
