"""The load beside the demo, as a process of its own."""
from __future__ import annotations

import json
import shlex
import subprocess
import sys

from lab.demo_place import Place
from lab.demo_steps import BAD, FIRST, GOOD
from lab.demo_table import Row
from lab.demo_typed import ROOT
from lab.say import say

RATE, SECONDS = 50, 900     # the end of the demo ends it; if that never comes, it ends by itself


class Load:
    """Started once, ended once; `stop` may come at any time."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.report = ROOT / ".releng" / "demo" / "load.json"
        self.child: subprocess.Popen[str] | None = None
        self.line = ""

    def start(self) -> None:
        """A session of its own: a Ctrl-C in the terminal is for the demo, which then ends the load last."""
        self.report.unlink(missing_ok=True)
        argv = [sys.executable, "-m", "lab.load", "--url", self.place.gateway, "--rate", str(RATE),
                "--seconds", str(SECONDS), "--bad-version", BAD, "--report", str(self.report.relative_to(ROOT))]
        say(f"$ {shlex.join(argv)} &")
        self.child = subprocess.Popen(argv, cwd=ROOT, env=self.place.environment, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, text=True, start_new_session=True)

    def stop(self) -> None:
        if self.child is None:
            return
        self.child.terminate()
        try:
            self.line = self.child.communicate(timeout=20)[0].strip()
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.line = self.child.communicate()[0].strip()
        self.child = None

    def end(self) -> Row:
        """End it; what it counted, as a line of the table. All three versions must have been seen by users, too:
        counts of a load that met none of the releases would prove nothing."""
        self.stop()
        expected = "0 lost, " + ", ".join(f"{version} seen" for version in (FIRST, GOOD, BAD))
        if not self.report.exists():
            return Row("requests of users", expected, "no report", 0.0)
        counted = json.loads(self.report.read_text())
        seen = [f"{version} seen" for version in (FIRST, GOOD, BAD) if version in counted["versions"]]
        return Row("requests of users", expected, ", ".join([f"{counted['lost']} lost", *seen]), counted["seconds"])
