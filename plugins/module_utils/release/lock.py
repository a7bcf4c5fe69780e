# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a target: a Lease in its namespace, whose transitions count is the fencing token.

No timestamp of another machine is ever compared. Somebody else's lock has expired when it stayed unchanged for its
whole duration on *our* clock; our own ends for us at two thirds of the duration without a successful renewal, so that
we stop acting well before anybody may take over. The times written into the Lease are for people.

A lock alone fences nothing: a run that was overtaken and wakes up may still send. So every guarded write carries the
token as a precondition (see traffic/), and the token only ever rises.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    NotFound,
    Overtaken,
    RunbookError,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGED_BY, Kube

if TYPE_CHECKING:
    from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock

API_VERSION = "coordination.k8s.io/v1"
KIND = "Lease"

RENEW_EVERY = 5.0  # seconds
ACTS_UNTIL = 2 / 3  # of the duration, without a successful renewal
LOOK_EVERY = 1.0  # seconds between two looks at somebody else's lock

# Lost races for a free lock: each means that somebody else wrote in between, who then holds it.
_ATTEMPTS = 5


class Held(RunbookError):
    """Somebody else holds the lock and is alive: ``holder``, ``since`` (as the Lease says), ``age`` in seconds."""

    def __init__(self, name: str, holder: str, since: str, age: float) -> None:
        super().__init__(
            f"{name} is being released by {holder}, for {_span(age)} now.",
            remedy="Wait until it has ended, or stop it there.",
            holder=holder, since=since, age=age,
        )
        self.holder = holder
        self.since = since
        self.age = age


class Lock:
    """The lock ``release-<name>`` for one holder.

    :param holder: id of the run on this target; the same id takes the lock again (after a fork or a restart)
    :param clock: seconds that go on in suspend; nothing else tells expiry
    :param duration: seconds after which others may take over; written into the Lease
    """

    def __init__(self, kube: Kube, name: str, holder: str, clock: Clock, duration: float = 45.0) -> None:
        self.name = f"release-{name}"
        self.holder = holder
        self.duration = duration
        self.token = 0
        self._kube = kube
        self._target = name
        self._clock = clock
        self._renewed: float | None = None  # on our clock, taken before the request was sent
        self._server_offset = datetime.timedelta()

    def take(self, at_least: int = 0, say: Callable[[str], None] | None = None) -> int:
        """Take the lock and return the token, one higher than any seen here and than ``at_least``.

        ``at_least`` is the highest token on guarded objects, in the release state and in the journal: a restored
        cluster must not lower it. A lock of our own is renewed and keeps its token. One of somebody else is watched
        for up to its duration; ``say`` gets one line when that begins.

        :raises Held: its holder is alive
        :raises Conflict: several others raced for it, again and again
        """
        self._server_offset = self._kube.server_time() - self._clock.wall()
        for _attempt in range(_ATTEMPTS):
            lease = self._kube.get(KIND, self.name, API_VERSION)
            if lease is not None and _held(lease) not in ("", self.holder):
                lease = self._wait_for_silence(lease, say)
            try:
                return self._write(lease, at_least)
            except Conflict:
                continue
        raise Conflict(f"{self.name}: others take this lock as soon as it is free; tried {_ATTEMPTS} times.")

    def renew(self, force: bool = False) -> None:
        """Say that we are alive; at most every 5 s unless ``force``.

        :raises Overtaken: somebody else holds the lock, or it was removed; do not write any more
        :raises Unreachable: not known; :meth:`alive` tells how long to go on
        """
        now = self._clock.now()
        if not force and self._renewed is not None and now - self._renewed < RENEW_EVERY:
            return
        self._patch_ours([{"op": "add", "path": "/spec/renewTime", "value": self._stamp()}])
        self._renewed = now

    def alive(self) -> bool:
        """Whether we may still act: False two thirds of the duration after the last successful renewal."""
        return self._renewed is not None and self._clock.now() - self._renewed < self.duration * ACTS_UNTIL

    def give_back(self) -> None:
        """Free the lock if it is still ours; the token stays in it."""
        self._renewed = None
        try:
            self._patch_ours([{"op": "replace", "path": "/spec/holderIdentity", "value": ""}])
        except Overtaken:
            return

    def _patch_ours(self, change: list[dict[str, Any]]) -> None:
        ours: list[dict[str, Any]] = [
            {"op": "test", "path": "/spec/holderIdentity", "value": self.holder},
            {"op": "test", "path": "/spec/leaseTransitions", "value": self.token},
        ]
        try:
            self._kube.json_patch(KIND, self.name, [*ours, *change], API_VERSION)
        except NotFound:
            raise Overtaken(f"The lock {self.name} was removed while {self.holder} held it.") from None
        except Overtaken as error:
            raise Overtaken(
                f"The lock {self.name} is not held by {self.holder} with token {self.token} any more.", **error.facts
            ) from None

    def _wait_for_silence(self, lease: dict[str, Any], say: Callable[[str], None] | None) -> dict[str, Any] | None:
        """The lease once it is free, gone, or has been unchanged for its duration. :raises Held: it was renewed"""
        first = lease["spec"]
        lasts = float(first.get("leaseDurationSeconds") or self.duration)
        started = self._clock.now()
        if say is not None:
            say(f"{self.name} is held by {_held(lease)}; looking for up to {lasts:.0f} s whether it is still alive")
        while self._clock.now() - started < lasts:
            self._clock.sleep(LOOK_EVERY)
            seen = self._kube.get(KIND, self.name, API_VERSION)
            if seen is None or _held(seen) in ("", self.holder):
                return seen
            if seen["spec"] != first:
                raise self._held_by(seen)
            lease = seen
        return lease

    def _held_by(self, lease: dict[str, Any]) -> Held:
        spec = lease["spec"]
        since = spec.get("acquireTime") or ""
        taken = _time(since)
        age = (self._kube.server_time() - taken).total_seconds() if taken else 0.0
        return Held(self._target, _held(lease), since, max(age, 0.0))

    def _write(self, lease: dict[str, Any] | None, at_least: int) -> int:
        before = self._clock.now()
        now = self._stamp()
        spec = dict(lease["spec"]) if lease else {}
        seen = max(int(spec.get("leaseTransitions") or 0), at_least)
        if spec.get("holderIdentity") == self.holder and int(spec.get("leaseTransitions") or 0) >= at_least:
            token = seen
        else:
            token = seen + 1
            spec["acquireTime"] = now
        spec |= {
            "holderIdentity": self.holder, "leaseDurationSeconds": int(self.duration), "leaseTransitions": token,
            "renewTime": now,
        }
        if lease is None:
            metadata = {"name": self.name, "namespace": self._kube.access.namespace, "labels": dict(MANAGED_BY)}
            self._kube.create({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec})
        else:
            self._kube.replace({**lease, "spec": spec})
        self.token = token
        self._renewed = before
        return token

    def _stamp(self) -> str:
        """Now, by the API server's clock as far as we know it, in the form that a Lease wants."""
        return (self._clock.wall() + self._server_offset).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _held(lease: dict[str, Any]) -> str:
    return lease["spec"].get("holderIdentity") or ""


def _time(text: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _span(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
