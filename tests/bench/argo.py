"""One bad canary under Argo Rollouts: the pods of the sample service's chart, the same query, limit and interval."""
from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.bench.place import BAD, FIRST, Place

NAME, HOST = "argo", "argo.example.test"
REPLICAS = 5  # without weights at the gateway, one pod of five is what 20 % is made of
DRAINED = 3.0  # seconds after the last bad pod has left its Service


def template(place: Place, query: str, limit: float, interval: float) -> dict[str, Any]:
    """One failed measurement ends the rollout, as one look ends ours; without requests there is nothing to fail on."""
    return {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": NAME},
        "spec": {
            "args": [{"name": "hash"}],
            "metrics": [{
                "name": "error-rate", "interval": f"{interval:g}s", "failureLimit": 0,
                "successCondition": f"len(result) == 0 || isNaN(result[0]) || result[0] <= {limit:g}",
                "provider": {"prometheus": {"address": place.prometheus, "query": query}},
            }],
        },
    }  # fmt: skip


def manifests(rendered: str, share: int) -> list[dict[str, Any]]:
    """What the chart makes, its Deployment as a Rollout of the same pods."""
    found = []
    for one in yaml.safe_load_all(rendered):
        if one and one["kind"] == "Deployment":
            one |= {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
            one["spec"]["strategy"] = {"canary": {
                "maxSurge": 1, "maxUnavailable": 0, "steps": [{"setWeight": share}, {"pause": {"duration": "60s"}}],
                "analysis": {
                    "startingStep": 1, "templates": [{"templateName": NAME}],
                    "args": [{"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}],
                },
            }}  # fmt: skip
        if one:
            found.append(one)
    return found


def convicted(place: Place, query: str, limit: float, interval: float, share: int, rate: float) -> dict[str, Any]:
    """A rollout of the bad version until it is aborted and its pods are gone.

    :param query: with ``{pods}`` where the pattern of pods belongs
    :returns: ``requests`` of users, ``pods`` as a pattern, ``begun`` (UNIX time), and what the analysis said
    """
    asked = query.replace("{pods}", f"{NAME}-{{{{args.hash}}}}-.*")
    try:
        _apply(place, [template(place, asked, limit, interval), *_of(place, FIRST, share)])
        _until(lambda: _phase(place) == "Healthy", 90, "the first version is healthy")
        with place.users(HOST, rate) as users:
            begun = time.time()
            _apply(place, _of(place, BAD, share))
            _until(lambda: _phase(place) == "Degraded", 120, "the bad version is aborted")
            owner = _owner(place)
            _until(lambda: not _replicas(place, owner), 60, "the bad version is gone")
            time.sleep(DRAINED)
        return {"requests": users.requests, "pods": f"{owner}-.*", "begun": begun, "said": _said(place)}
    finally:
        _remove(place)


def _of(place: Place, version: str, share: int) -> list[dict[str, Any]]:
    values = place.site.values(route={"hostnames": [HOST]}, replicaCount=REPLICAS)
    path = place.folder / "argo-values.json"
    path.write_text(json.dumps(values))
    rendered = place.site.helm("template", NAME, str(place.chart), "-f", str(path), "--set-string",
                               f"image.tag={version}")  # fmt: skip
    return manifests(rendered, share)


def _file(place: Place, objects: list[dict[str, Any]]) -> Path:
    path = place.folder / "argo.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return path


def _apply(place: Place, objects: list[dict[str, Any]]) -> None:
    place.site.kubectl("apply", "-f", str(_file(place, objects)))


def _remove(place: Place) -> None:
    """By what the chart makes, and what the controller made of it."""
    objects = _of(place, FIRST, 1)
    place.site.kubectl("delete", "--ignore-not-found", "-f", str(_file(place, objects)))
    place.site.kubectl("delete", "--all", "analysisruns.argoproj.io")
    place.site.kubectl("wait", "--for=delete", "pods", "-l", f"app.kubernetes.io/instance={NAME}", "--timeout=60s")


def _phase(place: Place) -> str:
    """Empty as long as the controller has not seen the newest change."""
    found = place.site.get("rollout", NAME)
    status = found.get("status", {})
    seen = status.get("observedGeneration") == str(found["metadata"]["generation"])
    return str(status.get("phase", "")) if seen else ""


def _owner(place: Place) -> str:
    """Name of the ReplicaSet of the bad version."""
    sets = json.loads(place.site.kubectl("get", "replicasets", "-o", "json"))["items"]
    return next(
        str(one["metadata"]["name"]) for one in sets
        if one["metadata"]["name"].startswith(f"{NAME}-")
        and one["spec"]["template"]["spec"]["containers"][0]["image"].endswith(f":{BAD}")
    )  # fmt: skip


def _replicas(place: Place, owner: str) -> int:
    return int(place.site.get("replicaset", owner).get("status", {}).get("replicas") or 0)


def _said(place: Place) -> list[dict[str, Any]]:
    """Every measurement that the controller made."""
    runs = json.loads(place.site.kubectl("get", "analysisruns", "-o", "json"))["items"]
    return [
        measured for one in runs for metric in one.get("status", {}).get("metricResults", [])
        for measured in metric.get("measurements", [])
    ]  # fmt: skip


def _until(reached: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(0.5)
