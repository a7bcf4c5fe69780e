# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a rollout is where it is, from what the cluster itself says; pure, decided from plain objects.

Four kinds. **terminal**: waiting longer cannot help (the image does not exist, the configuration is wrong, it always
crashes). **waiting**: somebody else is at work or at fault (scheduler, registry, webhook, quota), time may help.
**progress**: nothing is wrong yet. **ready**.

A crash loop is terminal at the third crash of one container with the same exit code, about 12 s after its start: the
kubelet restarts once at once, then after 10 s. Two crashes are not enough however fast: a dependency that is one
second late (name service, sidecar, database) kills twice in the first two seconds too. Crashes of several pods are
not added up for the same reason.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Iterable
from typing import Any

TERMINAL = "terminal"
WAITING = "waiting"
PROGRESS = "progress"
READY = "ready"

_RANK = (TERMINAL, WAITING, PROGRESS)


@dataclasses.dataclass(frozen=True)
class Cause:
    """``kind`` as above, ``reason`` one word, ``text`` one sentence; ``pod`` and ``container`` whose log tells more."""

    kind: str
    reason: str
    text: str
    pod: str = ""
    container: str = ""


# What a registry says of an image, with the image's own name taken out of the text first (a tag may hold any word).
_BUSY = re.compile(
    r"(?i)toomanyrequests|too many requests|rate limit|(?:status|code)[^0-9]{0,60}\b(?:429|5\d\d)\b"
    r"|\b(?:429|5\d\d) [A-Z]|i/o timeout|handshake timeout|deadline exceeded|connection re(?:fused|set)"
    r"|no such host|server misbehaving|unexpected EOF|temporar"
)
_ABSENT = re.compile(r"(?i)not found|manifest unknown|name unknown|does not exist|no match for platform")
_CLOSED = re.compile(r"(?i)unauthorized|authentication required|denied|forbidden|no basic auth|invalid username")

_BAD_COMMAND = re.compile(
    r"(?i)executable file not found|no such file or directory|permission denied|no command specified|exec format"
)
_NOT_YET = re.compile(r"(?i)timed out|failed to sync|not registered")
_NAMES_MISSING = re.compile(r"(?i)(?:secret|configmap)s? \"[^\"]*\" not found|references non-existent")

# What the controller is told when it creates pods: pattern, kind, reason. The first that matches counts.
_CREATION = (
    (re.compile(r"exceeded quota"), WAITING, "QuotaExceeded"),
    (re.compile(r"failed calling webhook"), WAITING, "Webhook"),
    (re.compile(r"(?i)denied the request|violates pod ?security"), TERMINAL, "AdmissionDenied"),
    (re.compile(r"serviceaccount \"[^\"]*\" not found| is invalid: "), TERMINAL, "InvalidConfig"),
)

# What the last lines of a crashed container look like, as a hint for on-call. The first that matches counts.
_HINTS = {
    "out of memory": re.compile(r"(?i)out of memory|OutOfMemoryError|MemoryError|std::bad_alloc"),
    "port in use": re.compile(r"(?i)address already in use|EADDRINUSE"),
    "database credentials": re.compile(
        r"(?i)password authentication failed|access denied for user|role \"[^\"]*\" does not exist"
    ),
    "missing environment variable": re.compile(
        r"(?i:environment variable)|KeyError: '[A-Z][A-Z0-9_]+'|\b[A-Z][A-Z0-9_]{2,} (?:is not set|must be set)"
    ),
    "database not reachable": re.compile(
        r"(?i)(?:database|postgres|mysql|mongo|redis|:5432|:3306|:6379|:27017).*(?:refused|timed? ?out|unreachable)"
        r"|could not connect to server|could not translate host name"
    ),
    "configuration error": re.compile(
        r"(?i)(?:invalid|bad|missing|unknown|cannot (?:parse|load|read)).{0,40}config|config.{0,40}(?:invalid|error)"
    ),
}


def classify(
    pods: Iterable[dict[str, Any]], events: Iterable[dict[str, Any]], creation: Iterable[str] = (),
    crashes_terminal: int = 3,
) -> Cause | None:
    """The worst cause among ``pods`` of one revision; None when none of them says anything against itself.

    :param events: of these pods, any order
    :param creation: what the controller was told when it could not create pods, newest first
    :param crashes_terminal: crashes of one container with the same exit code that count as "always crashes"
    """
    by_pod: dict[str, list[dict[str, Any]]] = {}
    for event in sorted(events, key=when, reverse=True):
        by_pod.setdefault(event["involvedObject"].get("uid", ""), []).append(event)
    found = [_of_creation(text) for text in list(creation)[:1]]
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp"):
            found += _of_pod(pod, by_pod.get(pod["metadata"]["uid"], []), crashes_terminal)
    return min(found, key=lambda cause: _RANK.index(cause.kind), default=None)


def ended_since(pods: Iterable[dict[str, Any]], since: datetime.datetime) -> Cause | None:
    """The first container among ``pods`` that ended at ``since`` or later, whether it runs again by now or not.

    Containers that have to end (initial ones), and pods that are being ended, do not count.
    """
    for pod in pods:
        if pod["metadata"].get("deletionTimestamp"):
            continue
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            ends = [one for one in _terminations(status) if _at(one.get("finishedAt")) >= since]
            if ends:
                kind, reason, text = _told(pod["metadata"]["name"], status, ends, TERMINAL)
                return Cause(kind, reason, text, pod["metadata"]["name"], status["name"])
    return None


def _at(text: str | None) -> datetime.datetime:
    """A time of the API server; long ago where it does not say one."""
    return datetime.datetime.fromisoformat(text or "1970-01-01T00:00:00Z")


def hint(lines: Iterable[str], reason: str = "") -> str:
    """What kind of crash this looks like (``out of memory``, ``port in use``, ...), ``""`` when it looks like none."""
    if reason == "OOMKilled":
        return "out of memory"
    text = "\n".join(lines)
    return next((name for name, pattern in _HINTS.items() if pattern.search(text)), "")


def _of_creation(text: str) -> Cause:
    for pattern, kind, reason in _CREATION:
        if pattern.search(text):
            return Cause(kind, reason, f"pods cannot be created: {_cut(text)}")
    return Cause(WAITING, "FailedCreate", f"pods cannot be created: {_cut(text)}")


def _of_pod(pod: dict[str, Any], events: list[dict[str, Any]], crashes_terminal: int) -> list[Cause]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        text = f"pod {name} waits for a node: {_cut(scheduled.get('message', ''))}"
        return [Cause(WAITING, "Unschedulable", text, name)]
    if status.get("phase") == "Failed":
        why = status.get("message") or status.get("reason") or "no reason given"
        text = f"pod {name} failed and is replaced: {_cut(why)}"
        return [Cause(WAITING, status.get("reason") or "PodFailed", text, name)]
    containers = [(one, True) for one in status.get("initContainerStatuses") or []]
    containers += [(one, False) for one in status.get("containerStatuses") or []]
    found = [_of_container(name, one, initial, events, crashes_terminal) for one, initial in containers]
    causes = [cause for cause in found if cause is not None]
    if not causes and status.get("phase") == "Running" and conditions.get("Ready", {}).get("status") == "False":
        failed = next((event.get("message", "") for event in events if event.get("reason") == "Unhealthy"), "")
        text = f"pod {name} runs and is not ready" + (f": {_cut(failed)}" if failed else "")
        causes = [Cause(PROGRESS, "NotReady", text, name)]
    return causes


def _of_container(
    pod: str, status: dict[str, Any], initial: bool, events: list[dict[str, Any]], crashes_terminal: int
) -> Cause | None:
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    for ended in _terminations(status):
        # The runtime could not start it. It counts no matter how often: the same image starts in the same way.
        if ended.get("reason") in ("StartError", "ContainerCannotRun"):
            reason, message = "RunContainerError", ended.get("message", "")
    if reason in _SAYS:
        found: _Found | None = _SAYS[reason](pod, status, message, events)
    elif initial and (state.get("terminated") or {}).get("exitCode") == 0:
        found = None
    else:
        found = _crash(pod, status, crashes_terminal)
    return Cause(*found, pod, status["name"]) if found else None


_Found = tuple[str, str, str]  # kind, reason, text
_Events = list[dict[str, Any]]


def _pull(pod: str, status: dict[str, Any], message: str, events: _Events) -> _Found:
    """Before 1.31 ImagePullBackOff carries no reason; then the event of the failed pull has it."""
    image = status["image"]
    said = [message, *(event.get("message", "") for event in events if event.get("reason") == "Failed")]
    texts = [_without(image, text) for text in said]
    for text in texts:
        if _BUSY.search(text):
            return WAITING, "Pulling", f"pod {pod} cannot pull {image} just now: {_tail(text)}"
        if _ABSENT.search(text):
            return TERMINAL, "ErrImagePull", f"image {image} of pod {pod} does not exist: {_tail(text)}"
        if _CLOSED.search(text):
            # Once may be a hiccup of the token service; a second refusal is a missing or wrong pull secret.
            again = status["state"]["waiting"]["reason"] == "ImagePullBackOff"
            return TERMINAL if again else WAITING, "ImageDenied", f"pod {pod} may not pull {image}: {_tail(text)}"
    return WAITING, "Pulling", f"pod {pod} cannot pull {image} yet: {_tail(texts[0])}"


def _creating(pod: str, status: dict[str, Any], message: str, events: _Events) -> _Found:
    latest = events[0] if events else {}
    mount = next((event for event in events if event.get("reason") == "FailedMount"), {})
    # The kubelet tries again at once; only what is missing at the second attempt too is missing.
    if _NAMES_MISSING.search(mount.get("message", "")) and mount.get("count", 1) >= 2:
        return TERMINAL, "InvalidConfig", f"pod {pod} cannot mount a volume: {_cut(mount['message'])}"
    if latest.get("reason") == "Pulling":
        return WAITING, "Pulling", f"pod {pod} is pulling {status['image']}"
    if latest.get("type") == "Warning":
        return WAITING, latest["reason"], f"pod {pod} is being created: {_cut(latest.get('message', ''))}"
    return PROGRESS, "Creating", f"pod {pod} is being created"


def _never(pod: str, status: dict[str, Any], message: str, events: _Events) -> _Found:
    text = f"image {status['image']} of pod {pod} is not on the node and may not be pulled"
    return TERMINAL, "ErrImageNeverPull", text


def _bad_name(pod: str, status: dict[str, Any], message: str, events: _Events) -> _Found:
    return TERMINAL, "InvalidImageName", f"'{status['image']}' in pod {pod} is not the name of an image"


def _config(pod: str, status: dict[str, Any], message: str, events: _Events) -> _Found:
    kind = WAITING if _NOT_YET.search(message) else TERMINAL
    return kind, "InvalidConfig", f"pod {pod} cannot be configured: {_cut(message)}"


def _start(pod: str, status: dict[str, Any], message: str, events: _Events) -> _Found:
    kind = TERMINAL if _BAD_COMMAND.search(message) else WAITING
    return kind, "RunError", f"container {status['name']} of pod {pod} cannot start: {_cut(message)}"


# Reason of a waiting container -> what it means.
_SAYS: dict[str, Callable[[str, dict[str, Any], str, _Events], _Found]] = {
    "ContainerCreating": _creating,
    "CreateContainerConfigError": _config,
    "CreateContainerError": _start,
    "ErrImageNeverPull": _never,
    "ErrImagePull": _pull,
    "ImagePullBackOff": _pull,
    "InvalidImageName": _bad_name,
    "PodInitializing": _creating,
    "RunContainerError": _start,
}


def _crash(pod: str, status: dict[str, Any], crashes_terminal: int) -> _Found | None:
    ended, running = _terminations(status), "running" in (status.get("state") or {})
    if not ended or (running and status.get("ready")):
        return None
    codes = {one.get("exitCode") for one in ended}
    always = _crashes(status) >= crashes_terminal and len(codes) == 1
    return _told(pod, status, ended, TERMINAL if always else PROGRESS)


def _told(pod: str, status: dict[str, Any], ended: list[dict[str, Any]], kind: str) -> _Found:
    crashes = _crashes(status)
    how = "ended by itself" if {one.get("exitCode") for one in ended} == {0} else "crashed"
    times = "once" if crashes == 1 else f"{crashes} times"
    text = f"container {status['name']} of pod {pod} {how} {times} with exit code {ended[0].get('exitCode')}"
    return kind, "OOMKilled" if ended[0].get("reason") == "OOMKilled" else "CrashLoop", text


def _crashes(status: dict[str, Any]) -> int:
    """The count rises with the restart, not with the crash: a container that is down has one crash more."""
    return int(status.get("restartCount", 0)) + (0 if "running" in (status.get("state") or {}) else 1)


def _terminations(status: dict[str, Any]) -> list[dict[str, Any]]:
    """The ends of a container that the cluster remembers, newest first: two at most."""
    both = ((status.get(state) or {}).get("terminated") for state in ("state", "lastState"))
    return [ended for ended in both if ended]


def when(event: dict[str, Any]) -> str:
    """When an event was last seen; text that sorts by time."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
        or event.get("firstTimestamp") or ""
    )


def _without(image: str, text: str) -> str:
    """``text`` without the image's name in any of its spellings (``shop:1``, ``docker.io/library/shop:1``)."""
    last = re.escape(image.rpartition("/")[2])
    return re.sub(rf"[\w.:/-]*{last}", "the image", text)


def _tail(text: str) -> str:
    """The last, telling clauses of a chain like ``rpc error: code = NotFound desc = failed to pull: not found``."""
    return _cut(" ".join(text.split())[-200:])


def _cut(text: str, limit: int = 240) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
