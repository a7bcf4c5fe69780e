"""A target in the hands of a run: a cluster and a helm in memory, a journal on disk, a clock moved by hand."""
from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.units import Limit
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Rendered, Revision, last_good
from ansible_collections.releng.runbooks.plugins.module_utils.journal import ReleaseRecord
from ansible_collections.releng.runbooks.plugins.module_utils.kube import TOKEN_ANNOTATION
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.collect import Collector
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.prometheus import Series
from ansible_collections.releng.runbooks.plugins.module_utils.release import session as sessions
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.module_utils.release.judging import Step
from ansible_collections.releng.runbooks.plugins.module_utils.release.lock import Lock
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side, State
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import Target
from tests.unit.clock import FakeClock
from tests.unit.fake_kube import METHODS, FakeKube

Object = dict[str, Any]
OUTAGE = Unreachable("The API server does not answer.")
RUN, BY = "r2", "ann@laptop"
OURS, THEIRS = f"{BY} ({RUN})", "bob@desk (r3)"
RESTING = [{"rule": 0, "backendRefs": [{"kind": "Service", "name": "shop", "port": 8080, "weight": 1}]}]
ROUTE: Object = {"name": "shop", "stable": "shop", "canary": "shop-canary", "port": 8080, "resting": RESTING}
HPA, HPA_VERSION = "HorizontalPodAutoscaler", "autoscaling/v2"
PINNED: list[Object] = [{
    "kind": HPA, "name": "shop", "api_version": HPA_VERSION, "patch": {"spec": {"minReplicas": 2}},
    "pin": {"spec": {"minReplicas": 4}},
}]  # fmt: skip


def revision(number: int, status: str = "superseded", description: str = "", app: str = "1.0.0") -> Revision:
    return Revision(number, status, "shop-0.1.0", app, description or ("Upgrade complete" if number > 1 else
                    "Install complete"), "2026-01-01T00:00:00Z")


def deployment(name: str, replicas: int = 4, ready: int | None = None, image: str = "shop:1.3.0") -> Object:
    """A Deployment that is rolled out; ``ready``: pods available, all of them unless given."""
    labels = {"app": name}
    available = replicas if ready is None else ready
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "shop", "image": image}]}},
        },
        "status": {
            "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas,
            "availableReplicas": available, "readyReplicas": available,
        },
    }  # fmt: skip


def autoscaler(minimum: int | None = 2, aim: str = "shop", name: str = "shop") -> Object:
    spec: Object = {"scaleTargetRef": {"kind": "Deployment", "name": aim}, "maxReplicas": 9}
    if minimum is not None:
        spec["minReplicas"] = minimum
    return {"apiVersion": HPA_VERSION, "kind": HPA, "metadata": {"name": name}, "spec": spec}


def target(**more: Any) -> Target:
    made: Object = {
        "name": "shop-eu", "release": "shop", "service": "shop", "namespace": "shop", "kubeconfig": "", "context": "",
        "timeout": 10.0, "workload": "shop", "strategy": "canary", "chart": "charts/shop", "values": {},
        "version_values": ["image.tag"], "hooks": "refuse", "binary": "helm", "route": "shop", "journal": "",
        "reports": "",
    }  # fmt: skip
    return Target(**{**made, **more})


def state(**more: Any) -> State:
    """Release r2 of shop, 1.3.0 (revision 2) to 1.4.0, in the hands of this run with token 1."""
    made: Object = {
        "target": "shop-eu", "service": "shop", "release": RUN, "procedure": "release", "strategy": "canary",
        "phase": "shifting", "token": 1, "by": BY, "started": "2026-01-02T03:00:00+00:00",
        "before": Side("1.3.0", 2), "after": Side("1.4.0"), "route": copy.deepcopy(ROUTE),
    }  # fmt: skip
    return State(**{**made, **more})


def entry(release: str = "r1", **more: Any) -> Object:
    """A finished release in a history: 1.2.0 (revision 1) to 1.3.0 (revision 2)."""
    return {
        "release": release, "procedure": "release", "version": "1.3.0", "revision": 2, "digest": "",
        "at": "2026-01-02T03:00:00+00:00", "by": BY, "result": "released", "from": "1.2.0", "from_revision": 1, **more,
    }  # fmt: skip


@dataclasses.dataclass
class FakeHelm:
    """The methods of `Helm` that a session uses, answered from data; one that is an exception is raised."""

    revisions: list[Revision]
    manifests: dict[int, list[Object]]
    values_of: dict[int, Object]
    rendered: Rendered | None = None
    failure: Exception | None = None
    last_good = staticmethod(last_good)

    def history(self) -> list[Revision]:
        if self.failure:
            raise self.failure
        return self.revisions

    def values(self, revision: int = 0) -> Object:
        return self.values_of.get(revision or self.revisions[-1].revision, {})

    def manifest(self, revision: int = 0) -> list[Object]:
        return copy.deepcopy(self.manifests[revision or self.revisions[-1].revision])

    def render(self, chart: str, values: Object) -> Rendered:
        tag = values["image"]["tag"]
        return self.rendered or Rendered([deployment("shop", image=f"shop:{tag}")], [])


class FakeProvider:
    """Metrics: what ``answer`` says about a query, a number or nothing; an exception is raised."""

    def __init__(self) -> None:
        self.answer: Callable[[str], float | Exception | None] = lambda _query: 0.0
        self.asked: list[str] = []

    def instant(self, query: str) -> list[Series]:
        self.asked.append(query)
        found = self.answer(query)
        if isinstance(found, Exception):
            raise found
        return [] if found is None else [Series({}, found, 0.0)]


class World:
    """A release of shop 1.4.0 over 1.3.0, on a cluster where stable and canary run and the route is at rest."""

    def __init__(self, folder: Path, monkeypatch: Any, **settings: Any) -> None:
        self.clock = FakeClock(start=1000.0)
        self.kube = FakeKube(self.clock)
        docs = [deployment("shop")]
        self.helm = FakeHelm([revision(1), revision(2, "deployed")], {1: docs, 2: docs}, {
            1: {"image": {"tag": "1.2.0"}}, 2: {"image": {"tag": "1.3.0"}},
        })  # fmt: skip
        monkeypatch.setattr(sessions, "Kube", lambda _access: self.kube)
        monkeypatch.setattr(sessions, "Helm", lambda *_where: self.helm)
        self.folder, self.settings = folder, settings
        self.said: list[str] = []
        self.stop = ""
        self.metrics = FakeProvider()
        self.kube.add(deployment("shop"), deployment("shop-canary"), autoscaler(), self.route())
        self.session = self.run()

    def route(self, name: str = "shop") -> Object:
        return {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": name, "annotations": {TOKEN_ANNOTATION: "1"}},
            "spec": {"rules": [{"backendRefs": copy.deepcopy(RESTING[0]["backendRefs"])}]},
        }  # fmt: skip

    def run(self, run: str = RUN, by: str = BY) -> Session:
        """A session of some run, as another process would have it."""
        journal = f"sqlite:///{self.folder / 'journal.db'}"
        return Session(target(journal=journal, **self.settings), run, by, self.clock, self.said.append)

    def open(self, **more: Any) -> Session:
        """The session with its release open: lock taken, state saved; the clock stays where it is."""
        self.begin()
        self.session.lock.take()
        self.session.state = states.save(self.kube, "shop", state(**more))
        self.session.resume()
        return self.session

    def begin(self) -> None:
        """The head of this release in the journal."""
        started = self.clock.wall().isoformat()
        self.session.journal.begin(ReleaseRecord(RUN, "release", BY, started, "", {"shop": "1.4.0"}, ["shop-eu"]))

    def take_over(self, token: int = 2) -> None:
        """What another run does first: lease, release state and route carry a higher token."""
        self.kube.edit("Lease", "release-shop", lambda obj: obj["spec"].update(
            holderIdentity=THEIRS, leaseTransitions=token,
        ))  # fmt: skip
        states.save(self.kube, "shop", dataclasses.replace(self.stored, token=token, release="r3", by="bob@desk"))
        self.kube.edit("HTTPRoute", "shop", lambda obj: obj["metadata"]["annotations"].update(
            {TOKEN_ANNOTATION: str(token)}
        ))  # fmt: skip

    def other(self, holder: str = THEIRS) -> Lock:
        return Lock(self.kube, "shop", holder, self.clock)

    @property
    def stored(self) -> State:
        found = self.kube.peek("ConfigMap", "release-shop")
        assert found is not None
        return states.parse(found)

    @property
    def lease(self) -> Object:
        found = self.kube.peek("Lease", "release-shop")
        assert found is not None
        spec: Object = found["spec"]
        return spec

    @property
    def backends(self) -> list[tuple[str, int]]:
        """Name and weight of what the route leads to."""
        found = self.kube.peek("HTTPRoute", "shop")
        assert found is not None
        return [(one["name"], one["weight"]) for one in found["spec"]["rules"][0]["backendRefs"]]

    def turn(self, share: int) -> None:
        """Somebody else changes the weights."""
        shares = (("shop", 100 - share), ("shop-canary", share))
        refs = [{"kind": "Service", "name": name, "port": 8080, "weight": weight} for name, weight in shares]
        self.kube.edit("HTTPRoute", "shop", lambda obj: obj["spec"]["rules"][0].update(backendRefs=refs))

    def outage(self, begin: float, end: float) -> None:
        """The API server does not answer between these moments of the clock."""

        def silent(_kube: FakeKube) -> None:
            if begin <= self.clock.now() < end:
                raise OUTAGE

        for method in METHODS:
            self.kube.on(method, silent, times=10_000)

    def ready(self, name: str, count: int) -> None:
        self.kube.edit("Deployment", name, lambda obj: obj["status"].update(availableReplicas=count))

    def writes(self, method: str = "json_patch", kind: str = "HTTPRoute") -> list[Any]:
        """What the code sent to the route."""
        return [arguments for name, arguments in self.kube.calls if name == method and arguments[0] == kind]

    def notes(self, kind: str) -> list[Object]:
        """Entries of the journal."""
        return [dict(one.data) for one in self.session.journal.entries(RUN) if one.kind == kind]

    @property
    def collector(self) -> Collector:
        return Collector(self.metrics, self.clock)

    def asked(self) -> str:
        return self.stop

    def say(self, text: str, _mark: str) -> None:
        self.said.append(text)


GATE = Gate("error rate", Limit.parse("> 5 %", breach=True), query="errors of {pod_regex}")


def step(share: int | None = 10, phase: str = "shifting", **more: Any) -> Step:
    made: Object = {
        "stage": "canary_shift", "phase": phase, "judged": "stable" if phase == "returning" else "canary",
        "gates": (GATE,), "interval": 5.0, "duration": 30.0, "patience": 60.0, "share": share,
    }  # fmt: skip
    return Step(**{**made, **more})
