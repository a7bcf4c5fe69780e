# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it healthy: run probes, look at pods, read a bounded tail of logs. Nothing here changes anything."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Denied,
    NotFound,
    Refused,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import scrub
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MAX_TEXT, HttpAnswer, Kube
from ansible_collections.releng.runbooks.plugins.module_utils.probes import (
    Probe,
    bid_probe,
    database_probe,
    normalise,
)

if TYPE_CHECKING:
    from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock

__all__ = [
    "Probe", "ProbeResult", "Problem", "bid_probe", "database_probe", "normalise", "pods_healthy", "probe",
    "scan_logs",
]


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """``status`` is ``healthy``, ``unhealthy`` (it answered, not as expected) or ``error`` (no answer).

    ``response_time`` is in seconds; ``failed_expectations`` are the expressions as written. With several pods it is
    the worst of them, and ``error`` names the pod. ``of`` is the part of the validation report that it counts for.
    """

    name: str
    status: str
    status_code: int = 0
    response_time: float = 0.0
    error: str = ""
    failed_expectations: tuple[str, ...] = ()
    of: str = "service"


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something found wrong: ``check`` (pods, image, restarts, logs), ``subject`` (a pod), ``text`` one sentence."""

    check: str
    subject: str
    text: str


def probe(
    spec: Mapping[str, Any] | Probe, kube: Kube | None, context: Mapping[str, Any], clock: Clock
) -> ProbeResult:
    """Ask until it is healthy, ``attempts`` times at most, and return the last result.

    :param kube: for ``via: service`` and ``via: pod``
    :param context: what expectations see as ``context``, such as ``{"version": "1.4.0"}``
    :raises Refused: the probe is not well-formed
    """
    parsed = spec if isinstance(spec, Probe) else Probe.parse(spec)
    if parsed.via != "url" and kube is None:
        raise Refused(f"Probe '{parsed.name}' asks inside a cluster, and there is none for this target.")
    result = _ask_all(parsed, kube, context)
    for _again in range(int(parsed.attempts) - 1):
        if result.status == "healthy":
            break
        clock.sleep(parsed.interval)
        result = _ask_all(parsed, kube, context)
    return result


def pods_healthy(
    kube: Kube, selector: str, image_or_digest: str = "", since: datetime.datetime | None = None
) -> list[Problem]:
    """What is wrong with the pods of ``selector``; pods that are being ended do not count.

    Each has to be Running and Ready, to have a container of ``image_or_digest`` (full name, tag alone, or
    ``sha256:...`` as the node pulled it; empty: any), and not to have restarted after ``since`` (None: ever).
    """
    pods = [pod for pod in kube.list("Pod", selector=selector) if not pod["metadata"].get("deletionTimestamp")]
    pods = [pod for pod in pods if not _left_over(pod, since)]
    if not pods:
        return [Problem("pods", selector, f"no pod matches {selector} in {kube.access.namespace}")]
    return [problem for pod in pods for problem in _of_pod(pod, image_or_digest, since)]


def scan_logs(
    kube: Kube, selector: str, tail: int, patterns: Sequence[str], ignore: Sequence[str] = ()
) -> list[Problem]:
    """Lines among the last ``tail`` of every container that match one of ``patterns`` and none of ``ignore``.

    Both are regular expressions, searched anywhere in the line. Logs are read once and never followed.

    :raises Refused: something is not a regular expression
    """
    wanted, unwanted = [_regex(text) for text in patterns], [_regex(text) for text in ignore]
    problems = []
    for pod in kube.list("Pod", selector=selector):
        name = pod["metadata"]["name"]
        for container in pod["spec"]["containers"] if not pod["metadata"].get("deletionTimestamp") else ():
            try:
                lines = kube.logs(name, container["name"], tail=tail).splitlines()
            except (Unreachable, Denied):
                raise
            except NotFound:
                continue  # ended in between
            except RunbookError as error:
                problems.append(Problem("logs", name, f"the log cannot be read: {error.message}"))
                continue
            found = [
                line for line in lines
                if any(one.search(line) for one in wanted) and not any(one.search(line) for one in unwanted)
            ]
            if found:
                text = f"{len(found)} of the last {len(lines)} lines of {container['name']} match: {_line(found[-1])}"
                problems.append(Problem("logs", name, text))
    return problems


def _ask_all(parsed: Probe, kube: Kube | None, context: Mapping[str, Any]) -> ProbeResult:
    if parsed.via == "url" or kube is None:
        return _ask(parsed, functools.partial(_over_http, parsed), context)
    try:
        targets = _targets(parsed, kube)
    except RunbookError as error:
        return ProbeResult(parsed.name, "error", error=error.message, of=parsed.of)
    if not targets:
        return ProbeResult(parsed.name, "error", error=f"no pod matches {parsed.selector}", of=parsed.of)
    results = []
    for target in targets:
        result = _ask(parsed, functools.partial(_through_cluster, parsed, kube, target), context)
        if len(targets) > 1 and result.status != "healthy":
            pod = target.rpartition("/")[2].partition(":")[0]
            result = dataclasses.replace(result, error=f"{pod}: {result.error or 'not as expected'}")
        results.append(result)
    worst = ("error", "unhealthy", "healthy")
    return min(results, key=lambda one: (worst.index(one.status), -one.response_time))


def _ask(parsed: Probe, send: Callable[[], HttpAnswer], context: Mapping[str, Any]) -> ProbeResult:
    started = time.monotonic()
    try:
        answer = send()
    except RunbookError as error:
        spent = time.monotonic() - started
        return ProbeResult(parsed.name, "error", 0, spent, error.message, of=parsed.of)
    text = answer.body.decode("utf-8", "replace")
    failed = parsed.failed(answer.status, answer.headers, text, context)
    wrong = "" if answer.status in parsed.status else f"status {answer.status}"
    status = "unhealthy" if wrong or failed else "healthy"
    return ProbeResult(parsed.name, status, answer.status, answer.seconds, wrong, failed, parsed.of)


def _targets(parsed: Probe, kube: Kube) -> list[str]:
    if parsed.via == "service":
        return [f"services/{parsed.service}:{parsed.port}"]
    if parsed.pod:
        return [f"pods/{parsed.pod}:{parsed.port}"]
    pods = kube.list("Pod", selector=parsed.selector)
    return [
        f"pods/{pod['metadata']['name']}:{parsed.port}" for pod in pods if not pod["metadata"].get("deletionTimestamp")
    ]


def _through_cluster(parsed: Probe, kube: Kube, target: str) -> HttpAnswer:
    return kube.proxy(target, parsed.path, parsed.method, parsed.body, parsed.headers, parsed.timeout)


def _over_http(parsed: Probe) -> HttpAnswer:
    """One request from here. Redirects are answers, not followed: credentials go to the host that was named only."""
    libraries.require("requests")
    started = time.monotonic()
    sent: dict[str, Any] = {"data": parsed.body.encode()} if isinstance(parsed.body, str) else {"json": parsed.body}
    body = b""
    try:
        with requests.request(
            parsed.method, parsed.url, headers=parsed.headers, timeout=parsed.timeout, allow_redirects=False,
            verify=(parsed.ca_path or True) if parsed.validate_certs else False, stream=True, **sent,
        ) as response:
            for chunk in response.iter_content(65536):
                body += chunk
                if len(body) > MAX_TEXT or time.monotonic() - started > parsed.timeout:
                    break
            return HttpAnswer(
                response.status_code, body[:MAX_TEXT], time.monotonic() - started, dict(response.headers)
            )
    except requests.exceptions.RequestException as error:
        # The text of these errors holds the URL with its query, where a key may stand.
        raise Unreachable(_kind_of(error, parsed.timeout)) from None


def _kind_of(error: Exception, timeout: float) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ConnectionError):
        text = str(error)
        known = {"NameResolution": "its name cannot be resolved", "refused": "connection refused"}
        return next((says for mark, says in known.items() if mark in text), "no connection")
    return f"the request cannot be made ({type(error).__name__})"


def _of_pod(pod: dict[str, Any], image_or_digest: str, since: datetime.datetime | None) -> list[Problem]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    statuses = status.get("containerStatuses") or []
    ready = [one for one in statuses if one.get("ready")]
    problems = []
    if status.get("phase") != "Running" or len(ready) < len(pod["spec"]["containers"]):
        text = f"pod {name} is {status.get('phase')}, {len(ready)} of {len(pod['spec']['containers'])} containers ready"
        problems.append(Problem("pods", name, text))
    if image_or_digest and not _runs(pod, image_or_digest):
        images = ", ".join(one["image"] for one in pod["spec"]["containers"])
        problems.append(Problem("image", name, f"pod {name} does not run {image_or_digest}, but {images}"))
    for one in statuses:
        if one.get("restartCount") and _restarted_after(one, status, since):
            text = f"container {one['name']} of pod {name} has restarted (restarts in all: {one['restartCount']})"
            problems.append(Problem("restarts", name, text))
    return problems


def _runs(pod: dict[str, Any], wanted: str) -> bool:
    """Whether a container of the pod is of ``wanted``: by digest as pulled, by full name, or by tag alone.

    Names are those of the specification: the node may report another tag of the same image.
    """
    if "sha256:" in wanted:
        digest = wanted[wanted.index("sha256:") :]
        statuses = pod.get("status", {}).get("containerStatuses") or []
        return any(str(one.get("imageID", "")).endswith(digest) for one in statuses)
    images = [container["image"].partition("@")[0] for container in pod["spec"]["containers"]]
    if ":" in wanted or "/" in wanted:
        return any(image == wanted or image.endswith(f"/{wanted}") for image in images)
    return any(image.rpartition("/")[2].partition(":")[2] == wanted for image in images)


def _restarted_after(container: dict[str, Any], pod_status: dict[str, Any], since: datetime.datetime | None) -> bool:
    if since is None:
        return True
    ended = (container.get("lastState") or {}).get("terminated") or {}
    # Without a memory of the last end (it was cleaned up), only a pod that is younger than `since` tells.
    at = _time(ended.get("finishedAt")) or _time(pod_status.get("startTime"))
    return at is None or at > since


def _left_over(pod: dict[str, Any], since: datetime.datetime | None) -> bool:
    """An evicted or ended pod of earlier, which Kubernetes keeps for its log; its replacement is what counts."""
    status = pod.get("status") or {}
    if since is None or status.get("phase") not in ("Failed", "Succeeded"):
        return False
    started = _time(status.get("startTime"))
    return started is not None and started < since


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise Refused(f"Log pattern '{text}' is not a regular expression: {error}.") from None


def _line(text: str) -> str:
    """A line of somebody's log, short and without what looks like a secret."""
    return str(scrub(text.strip()[:200]))
