"""A target on which every check passes: a cluster in memory, a helm that answers from data, a registry on loopback."""
from __future__ import annotations

import contextlib
import copy
import dataclasses
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.checks import Context, Finding
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Hook, Rendered, Revision
from tests.unit.clock import FakeClock
from tests.unit.fake_kube import FakeKube

Object = dict[str, Any]
LABELS = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": "shop"}


def manifest(image: str, cpu: str = "100m") -> list[Object]:
    """What the chart makes: a Deployment, a Service and a route to it."""
    container = {
        "name": "shop", "image": image, "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}},
    }  # fmt: skip
    return [
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "labels": dict(LABELS)},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": dict(LABELS)},
                "template": {"metadata": {"labels": dict(LABELS)}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop", "labels": dict(LABELS)},
            "spec": {"selector": dict(LABELS), "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]},
        },
        {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "shop"},
            "spec": {"rules": [{"backendRefs": [{"kind": "Service", "name": "shop", "port": 8080, "weight": 1}]}]},
        },
    ]  # fmt: skip


@dataclasses.dataclass
class FakeHelm:
    """The methods of `Helm` that checks use, answered from data; one that is an exception is raised."""

    revisions: list[Revision]
    manifests: dict[int, list[Object]]
    rendered: Rendered | Exception
    lints: list[str] = dataclasses.field(default_factory=list)
    found: tuple[int, int, int] = (3, 22, 0)
    failure: Exception | None = None
    release: str = "shop"

    def version(self) -> tuple[int, int, int]:
        return self.found

    def history(self) -> list[Revision]:
        if self.failure:
            raise self.failure
        return self.revisions

    def values(self, revision: int = 0) -> Object:
        return {"image": {"tag": "1.3.0"}}

    def manifest(self, revision: int = 0) -> list[Object]:
        return copy.deepcopy(self.manifests[revision or self.revisions[-1].revision])

    def lint(self, chart: str, values: Object) -> list[str]:
        return self.lints

    def render(self, chart: str, values: Object) -> Rendered:
        if isinstance(self.rendered, Exception):
            raise self.rendered
        return self.rendered


GATE = {"name": "error rate", "errors": "a", "total": "b", "breach": "> 5 %"}
VARIABLES: dict[str, Any] = {
    "release_versions": {"shop": "1.4.0"}, "release_gates": [GATE], "helm_release_name": "shop",
    "helm_release_chart": "charts/shop", "helm_release_values": {}, "helm_release_version_values": ["image.tag"],
    "helm_release_strategy": "canary", "helm_release_workload": "shop", "helm_release_route": "shop",
    "helm_release_timeout": 120.0, "canary_shift_steps": [10, 50, 100], "canary_shift_return_steps": [50, 0],
    "canary_shift_drain": 0.0, "verify_health_probes": [{"name": "health", "service": "shop", "port": 8080}],
    "target_context": "test", "precheck_tools": {"helm": "3.14.0"},
}  # fmt: skip


class World:
    """A good release of shop 1.4.0 on 1.3.0. ``context`` is made of what stands here when it is asked for."""

    def __init__(self, registry: str, metrics: str) -> None:
        self.registry = registry
        self.clock = FakeClock()
        self.kube = FakeKube(self.clock)
        old, new = manifest(f"{registry}/shop:1.3.0"), manifest(f"{registry}/shop:1.4.0")
        self.helm = FakeHelm(
            [Revision(1, "superseded", description="Install complete"),
             Revision(2, "deployed", description="Upgrade complete")],
            {1: manifest(f"{registry}/shop:1.2.0"), 2: old}, Rendered(new, []),
        )  # fmt: skip
        live = copy.deepcopy(old)
        live[2]["metadata"]["generation"] = 1
        live[2]["status"] = {"parents": [{"conditions": [
            {"type": "Accepted", "status": "True", "observedGeneration": 9},
            {"type": "ResolvedRefs", "status": "True", "observedGeneration": 9},
        ]}]}  # fmt: skip
        self.kube.add(*live)
        self.variables = {
            **copy.deepcopy(VARIABLES), "precheck_insecure_registries": [registry],
            "release_metrics": {"provider": "prometheus", "options": {"url": metrics}},
        }  # fmt: skip
        self.origins = {"canary_shift_steps": "inventories/prod/group_vars/all/canary_shift.yml:3"}
        self.version: Any = "1.4.0"

    def context(self, **more: Any) -> Context:
        made: dict[str, Any] = {
            "variables": self.variables, "kube": self.kube, "helm": self.helm, "version": self.version,
            "service": "shop", "target": "shop-eu", "clock": self.clock, "origins": self.origins,
            "services": ("shop", "cart"), "holder": "me", "run": "r1",
        }  # fmt: skip
        return Context(**{**made, **more})

    def render(self, docs: list[Object], hooks: list[Hook] | None = None) -> None:
        self.helm.rendered = Rendered(docs, hooks or [])


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    """Check and level of each."""
    return [(one.check, one.level) for one in findings]


class _Handler(http.server.BaseHTTPRequestHandler):
    """A registry (with a token service) and a Prometheus in one, as far as anybody asks here."""

    def do_HEAD(self) -> None:
        repository, _manifests, reference = self.path.removeprefix("/v2/").rpartition("/manifests/")
        status, headers = self._status(repository, reference)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _status(self, repository: str, reference: str) -> tuple[int, dict[str, str]]:
        place = self.headers["Host"]
        if repository == "busy":
            return 429, {}
        if repository == "login":
            return 401, {"WWW-Authenticate": 'Basic realm="registry"'}
        if repository in ("token", "closed") and self.headers.get("Authorization") != "Bearer anybody":
            scope = f"repository:{repository}:pull"
            return 401, {"WWW-Authenticate": f'Bearer realm="http://{place}/token",service="registry",scope="{scope}"'}
        if repository == "moved":
            return 307, {"Location": f"http://{place}/v2/shop/manifests/{reference}"}
        return (404 if reference.startswith("9.") else 200), {}

    def do_GET(self) -> None:
        given = {} if "closed" in self.path else {"token": "anybody"}
        self._json(200 if given else 401, given)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._json(200, {"status": "success", "data": {"resultType": "vector", "result": []}})

    def _json(self, status: int, data: Object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """A test has no access log."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """``127.0.0.1:port`` of a registry that has every tag but those that begin with 9, and of a Prometheus."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
