"""`Kube` on top of an API server in memory: for unit tests, with outages and foreign changes on demand.

    kube = FakeKube(clock)
    kube.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": {"a": "1"}})
    kube.fail_next("json_patch", Unreachable("no answer"), times=2)           # before anything happens
    kube.fail_next("replace", Unreachable("no answer"), after=True)           # it happened, the answer was lost
    kube.on("replace", lambda kube: kube.edit("Lease", "release-shop", take_over))  # somebody else, just before

All of `Kube` is the real one, down to the single request: paths, bodies, errors.
"""
from __future__ import annotations

import dataclasses
import datetime
import email.utils
import functools
import json
from collections.abc import Callable
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.kube import (
    _BUILT_IN,
    MAX_OBJECTS,
    Access,
    HttpAnswer,
    Kube,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube_errors import explain
from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock
from tests.unit.fake_api import MORE, FakeApi, Key, Object, kinds

METHODS = (
    "get", "list", "create", "apply", "json_patch", "merge_patch", "replace", "delete", "logs", "proxy", "may",
    "server_version", "server_time",
)  # fmt: skip
Relayed = HttpAnswer | Exception | Callable[[str, str, Any, dict[str, str]], HttpAnswer]


@dataclasses.dataclass
class _Plan:
    """What happens at a call: ``act`` raises or changes something; ``after`` the call or before it."""

    act: Callable[[FakeKube], object]
    times: int
    after: bool


class FakeKube(Kube):
    """One namespace of a cluster in memory.

    ``calls`` lists ``(method, arguments)`` of what the code asked; calls that `Kube` makes itself are not in it.
    Everything is allowed unless :meth:`forbid` says otherwise. Pods and services answer what :meth:`serve` was given.
    """

    def __init__(self, clock: Clock | None = None, namespace: str = "shop") -> None:
        self.access = Access(namespace=namespace)
        self.host, self.context = "https://api.test:6443", "test"
        self.requests = 0
        self._resources = {}
        self.api = FakeApi(clock.wall if clock else lambda: datetime.datetime.now(datetime.UTC))
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self._plans: dict[str, list[_Plan]] = {}
        self._inside = False
        self._served: dict[tuple[str, str], Relayed] = {}

    # What a test arranges

    def add(self, *objects: Object) -> None:
        """Put objects there, status too."""
        for obj in objects:
            self.api.add(obj, self.access.namespace)

    def edit(self, kind: str, name: str, change: Callable[[Object], object]) -> Object:
        """Change an object in place as somebody else would."""
        return self.api.edit(self._key(kind, name), change)

    def peek(self, kind: str, name: str) -> Object | None:
        """The object, without a call."""
        return self.api.objects.get(self._key(kind, name))

    def names(self, kind: str) -> list[str]:
        """Names of all objects of the kind."""
        return sorted(key[3] for key in self.api.objects if key[1] == kind and key[2] == self.access.namespace)

    def roll_out(self, name: str, kind: str = "Deployment") -> None:
        """What the controller and the kubelet would do: all pods of the newest revision are there and ready."""

        def complete(obj: Object) -> None:
            count = obj["spec"].get("replicas", 1)
            obj["status"] = {
                "observedGeneration": obj["metadata"]["generation"], "replicas": count, "updatedReplicas": count,
                "readyReplicas": count, "availableReplicas": count,
            }  # fmt: skip

        self.edit(kind, name, complete)

    def fail_next(self, method: str, error: Exception, times: int = 1, after: bool = False) -> None:
        """The next ``times`` calls of ``method`` raise ``error``; ``after``: it has happened by then."""

        def fail(_kube: FakeKube) -> None:
            raise error

        self._plan(method, fail, times, after)

    def on(self, method: str, act: Callable[[FakeKube], object], times: int = 1, after: bool = False) -> None:
        """Before (``after``: after) the next ``times`` calls of ``method``, ``act`` is called with this cluster."""
        self._plan(method, act, times, after)

    def forbid(self, verb: str, plural: str, reason: str = "") -> None:
        """Requests are refused, and :meth:`may` says so. Such as ``forbid("patch", "httproutes")``."""
        self.api.forbidden[verb, plural] = reason

    def serve(self, target: str, path: str, answer: Relayed) -> None:
        """What ``services/shop:8080`` (or a pod) answers under ``path``; a callable gets what was sent."""
        self._served[target, path] = answer

    def log(self, pod: str, text: str, container: str = "", previous: bool = False) -> None:
        """What the container has written; its name is that of the pod's first when it is empty."""
        found = self.peek("Pod", pod) or {"spec": {"containers": [{"name": ""}]}}
        self.api.logs[pod, container or found["spec"]["containers"][0]["name"], previous] = text

    # How it works

    def _plan(self, method: str, act: Callable[[FakeKube], object], times: int, after: bool) -> None:
        if method not in METHODS:
            raise ValueError(f"Kube has no method {method}; it has {', '.join(METHODS)}")
        self._plans.setdefault(method, []).append(_Plan(act, times, after))

    def _happen(self, method: str, after: bool) -> None:
        for plan in [one for one in self._plans.get(method, []) if one.after == after and one.times > 0][:1]:
            plan.times -= 1
            plan.act(self)

    def _key(self, kind: str, name: str) -> Key:
        api_version = next(version for version in (*_BUILT_IN, *MORE) if kind in kinds(version))
        return api_version, kind, self.access.namespace, name

    def _send(
        self, method: str, path: str, doing: str, body: Any = None, query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None, content_type: str = "application/json", timeout: float | None = None,
        relayed: bool = False, limit: int = MAX_OBJECTS,
    ) -> HttpAnswer:
        self.requests += 1
        if relayed:
            return self._relay(method, path, doing, body, headers or {})
        status, answer = self.api.request(method, path, query, body, content_type)
        raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        if status >= 400:
            raise explain(status, "", raw, doing, f"{self.host} (context {self.context})")
        return HttpAnswer(status, raw, 0.001, {"Date": email.utils.format_datetime(self.api.wall(), usegmt=True)})

    def _relay(self, method: str, path: str, doing: str, body: Any, headers: dict[str, str]) -> HttpAnswer:
        base, _proxy, inner = path.partition("/proxy/")
        target = "/".join(base.split("/")[-2:])
        answer = self._served.get((target, f"/{inner}"))
        if answer is None:
            raise Unreachable(f"Cannot {doing}: no endpoints available for service.", status=503)
        if isinstance(answer, Exception):
            raise answer
        return answer(method, f"/{inner}", body, headers) if callable(answer) else answer


def _with_plans(name: str) -> Callable[..., Any]:
    real = getattr(Kube, name)

    @functools.wraps(real)
    def call(self: FakeKube, *args: Any, **kwargs: Any) -> Any:
        if self._inside:
            return real(self, *args, **kwargs)
        self.calls.append((name, args))
        self._inside = True
        try:
            self._happen(name, after=False)
            result = real(self, *args, **kwargs)
            self._happen(name, after=True)
        finally:
            self._inside = False
        return result

    return call


for _name in METHODS:
    setattr(FakeKube, _name, _with_plans(_name))
