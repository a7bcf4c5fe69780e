# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doors of a release share on top of every door: the target, the session, the signal watch, live lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.metrics import PROVIDERS
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.collect import Collector
from ansible_collections.releng.runbooks.plugins.module_utils.poll import SystemClock
from ansible_collections.releng.runbooks.plugins.module_utils.probes import Probe
from ansible_collections.releng.runbooks.plugins.module_utils.release import target as targets
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import Target
from ansible_collections.releng.runbooks.plugins.plugin_utils import process
from ansible_collections.releng.runbooks.plugins.plugin_utils.door import Call, Door
from ansible_collections.releng.runbooks.plugins.plugin_utils.progress import Progress

TARGET = {"type": "dict", "required": True, "options": targets.OPTIONS}
# Which of its options a provider needs, and what it takes for those that are not given, it says itself.
METRICS = {
    "type": "dict",
    "options": {
        "provider": {"type": "str", "default": "prometheus", "choices": sorted(PROVIDERS)},
        "options": {"type": "dict", "options": {
            name: {key: value for key, value in option.items() if key not in ("default", "required")}
            for cls in PROVIDERS.values() for name, option in cls.OPTIONS.items()
        }},
    },
}  # fmt: skip
# The head of a release in the journal: every door that may be the first to write it takes these.
RECORD: dict[str, Any] = {
    "procedure": {"type": "str", "required": True},
    "versions": {"type": "dict", "default": {}},
    "targets": {"type": "list", "elements": "str", "default": []},
    "inventory": {"type": "str", "default": ""},
    "reason": {"type": "str", "default": ""},
}


@dataclasses.dataclass(frozen=True)
class Hands:
    """What a door works with. ``asked`` says why it has to stop; ``say`` prints a line (text, mark)."""

    call: Call
    session: Session
    asked: Callable[[], str]
    say: Callable[[str, str], None]


class ReleaseDoor(Door):
    """A door that works on the target of a release: a subclass has ``OPTIONS``, ``act`` and, for --check, ``plan``.

    ``OPEN``: it works only inside the open release of this run, whose lock it renews first. So a door that is reached
    without the checks before it (``--tags``, ``--start-at-task``, a playbook of somebody's own) changes nothing.
    """

    OPTIONS: ClassVar[dict[str, Any]] = {}
    OPEN: ClassVar[bool] = True
    WOULD: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.SPEC = {"target": TARGET, **cls.OPTIONS}

    def work(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        target = Target(name=call.target, **params.pop("target"))
        # Before anything is done, in check mode too.
        if "gates" in params:
            params["gates"] = [Gate.parse(one, f"Gate {number}") for number, one in enumerate(params["gates"], 1)]
        if "probes" in params:
            params["probes"] = [Probe.parse(one) for one in params["probes"]]
        clock = SystemClock()
        with process.Stop() as stop:
            session = Session(target, call.run, call.by, clock, call.say, stop.asked)
            progress = Progress(call.say, clock.now, process.ON_A_TERMINAL)
            hands = Hands(call, session, stop.asked, progress.line)
            if call.check_mode:
                planned = self.plan(params, hands)
                if planned.get("msg"):
                    call.say(planned["msg"])
                return planned
            if self.OPEN:
                session.resume()
            return self.act(params, hands)

    def act(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        raise NotImplementedError

    def plan(self, params: dict[str, Any], hands: Hands) -> dict[str, Any]:
        """What --check says: no release is open then, so it is told from the arguments alone."""
        return {"changed": True, "msg": f"would {self.WOULD.format(**params)}"}


def collector(metrics: dict[str, Any] | None, hands: Hands) -> Collector:
    """The provider that gates ask. :raises Refused: an option that it needs is missing"""
    wanted = metrics or {}
    cls = PROVIDERS[wanted.get("provider") or "prometheus"]
    options = {name: value for name, value in (wanted.get("options") or {}).items() if value is not None}
    needed = [name for name, option in cls.OPTIONS.items() if option.get("required") and name not in options]
    if needed:
        raise Refused(f"Nobody answers the gates: the metrics provider {cls.NAME} needs {', '.join(needed)}.",
                      remedy=f"Set metrics.options.{needed[0]}.")  # fmt: skip
    return Collector(cls(**options), hands.session.clock)
