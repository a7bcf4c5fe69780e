# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the chart is good, its images exist, a canary can be derived, and the API server would take all of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.checks import registry
from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, doubt, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, RunbookError, Unreachable

ROLLING = "Set helm_release_strategy: rolling for this target."


def check_chart(c: Context) -> list[Finding]:
    """The chart lints, and renders with these values as the upgrade would."""
    where = f" (set in {c.origins['helm_release_chart']})" if c.origins.get("helm_release_chart") else ""
    found = [
        refuse("chart", f"Chart {c.chart}{where} does not lint: {error}.", variable="helm_release_chart", value=c.chart)
        for error in c.helm.lint(c.chart, c.values)
    ]
    try:
        made = c.rendered
    except Conflict:
        return found  # a pending revision, which has a check of its own
    except Unreachable:
        raise
    except RunbookError as error:
        said = refuse("chart", f"{error.message.rstrip('.')}{where}.", error.remedy, variable="helm_release_chart")
        return [*found, said]
    kinds = [doc for doc in made.docs if doc["kind"] == "Deployment" and doc["metadata"]["name"] == c.workload]
    if not kinds:
        names = sorted(doc["metadata"]["name"] for doc in made.docs if doc["kind"] == "Deployment")
        allowed = f"a Deployment of the chart: {', '.join(names) or 'it makes none'}"
        found.append(c.wrong("chart", "helm_release_workload", c.workload, allowed))
    return found


def check_image(c: Context) -> list[Finding]:
    """Every image of the new version is in its registry."""
    found = []
    for image in c.images:
        answer = registry.ask(image, c.get("precheck_insecure_registries", []))
        if answer.there is False:
            found.append(refuse(
                "image", f"Image {image} of version {c.version} does not exist: {answer.why}.",
                "Push it, or release a version that was pushed.", value=image, variable=f"release_versions.{c.service}",
            ))  # fmt: skip
        elif answer.there is None:
            found.append(doubt("image", f"Whether image {image} exists is not known: {answer.why}.", value=image))
    return found


def check_canary(c: Context) -> list[Finding]:
    """The new version can stand beside the old."""
    if c.strategy != "canary" or not c.stable_docs:
        return []
    made = c.canary
    refused = [refuse("canary", text, ROLLING, variable="helm_release_strategy") for text in made.problems]
    return refused + [doubt("canary", text) for text in made.doubts]


def check_dry_run(c: Context) -> list[Finding]:
    """The API server would take every object: those of the canary, and those that the chart changes."""
    found = []
    if c.strategy == "canary" and c.stable_docs and not c.canary.problems:
        found += [finding for obj in c.canary.objects for finding in _created(c, obj, ours=True)]
    before = {_key(doc): doc for doc in c.stable_docs}
    for doc in c.new_docs:
        old = before.get(_key(doc))
        if old is None:
            found += _created(c, doc, ours=False)
        elif old != doc:
            found += _changed(c, doc)
    return found


def _created(c: Context, obj: dict[str, Any], ours: bool) -> list[Finding]:
    try:
        c.kube.create(_placed(c, obj), dry_run=True)
    except Conflict:
        return _applied(c, obj) if ours else [refuse(
            "dry_run", f"{_name(obj)} exists already, and is not of Helm release {c.release}.",
            f"Show it: {c.kubectl} get {obj['kind'].lower()} {obj['metadata']['name']} -o yaml",
        )]  # fmt: skip
    except Unreachable:
        raise
    except RunbookError as error:
        return [refuse("dry_run", error.message, error.remedy, value=_name(obj))]
    return []


def _applied(c: Context, obj: dict[str, Any]) -> list[Finding]:
    try:
        c.kube.apply(_placed(c, obj), dry_run=True)
    except Unreachable:
        raise
    except RunbookError as error:
        return [refuse("dry_run", error.message, error.remedy, value=_name(obj))]
    return []


def _changed(c: Context, doc: dict[str, Any]) -> list[Finding]:
    """A merge patch is not quite what Helm sends, so only what can never be changed is refused."""
    body = {key: value for key, value in doc.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    where = doc["metadata"].get("namespace") or None
    try:
        c.kube.merge_patch(
            doc["kind"], doc["metadata"]["name"], body, doc["apiVersion"], dry_run=True, namespace=where
        )
    except Unreachable:
        raise
    except RunbookError as error:
        said = " ".join([error.message, *error.facts.get("causes", [])])
        say = refuse if "immutable" in said else doubt
        return [say("dry_run", error.message, error.remedy, value=_name(doc))]
    return []


def _placed(c: Context, obj: dict[str, Any]) -> dict[str, Any]:
    """Helm leaves the namespace out of many objects."""
    metadata = {"namespace": c.kube.access.namespace, **obj["metadata"]}
    return {**obj, "metadata": metadata}


def _key(doc: dict[str, Any]) -> tuple[str, str, str]:
    return doc["apiVersion"], doc["kind"], doc["metadata"]["name"]


def _name(doc: dict[str, Any]) -> str:
    return f"{doc['kind']} {doc['metadata']['name']}"
