# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving traffic: one share at a time, and to the safe side from wherever it is."""

from __future__ import annotations

from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Overtaken, RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.release import phases, sides
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import WAY_BACK_PATIENCE, Session
from ansible_collections.releng.runbooks.plugins.module_utils.traffic.httproute import SETTLE, Traffic

# Somebody who changes the route all the time: after so many attempts it is for a person.
_ATTEMPTS = 5
GATEWAY_PATIENCE = 60.0  # seconds that a gateway may take for a route at rest


def weights(canary: int) -> dict[str, int]:
    return {"stable": 100 - canary, "canary": canary}


def of_side(side: str) -> dict[str, int]:
    return weights(100 if side == sides.CANARY else 0)


def shift(session: Session, route: Any, wanted: dict[str, int]) -> Traffic:
    """Write ``wanted`` with a precondition on what was read, through an entering step where the provider wants one.

    :raises Overtaken: somebody changed the route in between, or holds a newer token
    """
    current = session.retry(route.read)
    if current.weights == wanted and not current.resting:
        return current
    port = session.open.route.get("port", 0)
    entering = route.first(current, wanted)
    if entering:
        ops = route.patch(current, entering, session.open.token, port=port)
        current = _write(session, route, current, ops, entering)
        session.clock.sleep(SETTLE)
    ops = route.patch(current, wanted, session.open.token, port=port)
    return _write(session, route, current, ops, wanted)


def to_rest(session: Session, route: Any) -> Traffic:
    """The route as the chart gave it; the canary leaves it at weight 0, which it has had for a moment."""
    resting = session.open.route["resting"]
    current = session.retry(route.read)
    if current.resting:
        return current
    token = session.open.token
    leaving = route.first(current, of_side(sides.STABLE), resting)
    if leaving:
        current = _write(session, route, current, route.patch(current, leaving, token), leaving)
    session.clock.sleep(SETTLE)
    ops = route.patch(current, of_side(sides.STABLE), token, resting=resting)
    return _taken(session, route, _write(session, route, current, ops, of_side(sides.STABLE)))


def _taken(session: Session, route: Any, current: Traffic) -> Traffic:
    """Until the gateway has taken the route: what it still sends to the canary would be lost with it."""
    until = session.clock.now() + GATEWAY_PATIENCE
    while current.behind and session.clock.now() < until:
        session.clock.sleep(1.0)
        current = session.retry(route.read)
    if current.behind:
        session.say(f"the gateway has not taken the route {route.name} in {GATEWAY_PATIENCE:g} s, going on")
    return current


def way_back(session: Session, route: Any, phase: str) -> list[dict[str, Any]]:
    """The patch that leads to the safe side of ``phase``, for whoever finds the release state without us."""
    current = session.retry(route.read)
    wanted = of_side(phases.safe_side(phase) or sides.STABLE)
    port = session.open.route.get("port", 0)
    ops: list[dict[str, Any]] = route.way_back(current, wanted, session.open.token, port=port)
    return ops


def to_safe_side(session: Session, route: Any, phase: str) -> str:
    """All traffic to the safe side of ``phase``; returns that side. Goes on trying through an outage.

    :raises Overtaken: a newer run holds the route: it decides now
    :raises RunbookError: no pod of the safe side is ready; traffic stays where it is
    """
    side = phases.safe_side(phase) or sides.STABLE
    for _attempt in range(_ATTEMPTS):
        current = session.retry(route.read, WAY_BACK_PATIENCE)
        if current.weights == of_side(side):
            return side
        if _only_other_ready(session, side):
            raise RunbookError(f"No pod of {side} is ready to take the traffic: it stays as it is, {_told(current)}.")
        # The old backends are tested as they are now, so what somebody else wrote is replaced once, knowingly.
        ops = route.patch(current, of_side(side), session.open.token, port=session.open.route.get("port", 0))
        try:
            _write(session, route, current, ops, of_side(side), WAY_BACK_PATIENCE)
        except Overtaken as error:
            if "annotations" in str(error.facts.get("path", "")):
                raise
            continue
        return side
    raise RunbookError(f"The route {route.name} is changed by somebody else again and again: it needs a person.")


def _only_other_ready(session: Session, side: str) -> bool:
    """Whether moving to ``side`` would leave users without any pod, while the other side has some."""
    workload, other = session.target.workload, sides.STABLE if side == sides.CANARY else sides.CANARY
    mine = session.retry(lambda: sides.ready(session.kube, workload, side), WAY_BACK_PATIENCE)
    return not mine and bool(session.retry(lambda: sides.ready(session.kube, workload, other), WAY_BACK_PATIENCE))


def _write(
    session: Session, route: Any, current: Traffic, ops: list[dict[str, Any]], wanted: dict[str, int],
    patience: float | None = None,
) -> Traffic:
    """Send once; without an answer read what became of it before sending again."""

    unanswered = False

    def attempt() -> Traffic:
        nonlocal unanswered
        if unanswered:
            seen: Traffic = route.read()
            if seen.weights == wanted and seen.backends != current.backends:
                return seen
        try:
            return route.write(ops)
        except Unreachable:
            unanswered = True
            raise

    return session.retry(attempt, patience)


def _told(current: Traffic) -> str:
    return f"{current.weights['canary']} % on canary"
