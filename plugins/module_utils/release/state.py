# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release state: what is under way on a target and what it left, in a ConfigMap beside what it releases.

``status``, ``rollback``, ``recover`` and a guard work from it alone, on any machine, with an empty journal. It stays
after the end and keeps the last ten releases. It never holds a secret, nor a manifest that could.

The ConfigMap ``release-<name>`` has the whole state as JSON under ``state.json``, and beside it, for people and for a
guard without our code, ``release``, ``phase``, ``safe_side`` and ``way_back.json`` (a JSON patch for the route).
"""

from __future__ import annotations

import copy
import dataclasses
import json
import typing
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, Overtaken, Refused
from ansible_collections.releng.runbooks.plugins.module_utils.kube import (
    MANAGED_BY,
    MANAGER,
    OWNER_LABEL,
    RELEASE_LABEL,
    Kube,
)
from ansible_collections.releng.runbooks.plugins.module_utils.release.phases import PHASES, safe_side

SCHEMA = 1
RESULTS = ("released", "taken_back", "stuck")
HISTORY = 10  # finished releases kept

_ATTEMPTS = 5


@dataclasses.dataclass
class Side:
    """One version of the workload: ``digest`` is the SHA-256 of its rendered pod templates, ``manifest`` the name
    under which it is found again (a Helm release's secret, a ReplicaSet), never the manifest itself."""

    version: str = ""
    revision: int = 0
    digest: str = ""
    manifest: str = ""


@dataclasses.dataclass
class State:
    """Times are ISO 8601, UTC, by the API server's clock.

    ``weights`` is what we last wrote or were about to write; ``route`` is ``{api_version, kind, name, rule, resting}``;
    ``pinned`` is ``[{kind, name, api_version, patch}]``: what restores each pinned object; ``way_back`` the JSON patch
    that leads to the safe side. ``direction`` is ``forward``, or ``back`` once the way back has begun: a version that
    was judged bad gets no further share. ``undoes`` is the release that a rollback takes back, where it is not one that
    was asked for by version or revision. ``history`` begins with the newest.
    """

    target: str
    service: str
    release: str
    procedure: str
    strategy: str
    phase: str
    token: int
    by: str = ""
    started: str = ""
    updated: str = ""
    journal: str = ""
    before: Side = dataclasses.field(default_factory=Side)
    after: Side = dataclasses.field(default_factory=Side)
    route: dict[str, Any] = dataclasses.field(default_factory=dict)
    weights: dict[str, int] = dataclasses.field(default_factory=lambda: {"stable": 100, "canary": 0})
    pinned: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    way_back: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    direction: str = "forward"
    undoes: str = ""
    result: str = ""
    reason: str = ""
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def object_name(name: str) -> str:
    """Name of the ConfigMap of the release ``name``."""
    return f"release-{name}"


def load(kube: Kube, name: str) -> State | None:
    """The state of ``name``, None when nothing was ever released here.

    :raises Refused: it cannot be read: written by a newer version, edited by hand, or a ConfigMap of somebody else
    """
    found = kube.get("ConfigMap", object_name(name))
    return None if found is None else parse(found)


def save(kube: Kube, name: str, state: State) -> State:
    """Write ``state``; what was written meanwhile with the same or a lower token is overwritten.

    :raises Overtaken: the stored state carries a higher token
    :raises Refused: a ConfigMap of this name is not ours, or the stored state cannot be read
    """
    for _attempt in range(_ATTEMPTS):
        found = kube.get("ConfigMap", object_name(name))
        if found is not None:
            stored = parse(found)
            if stored.token > state.token:
                raise Overtaken(
                    f"The release state of {name} carries token {stored.token}, ours is {state.token}: "
                    f"release {stored.release} by {stored.by} has taken over.",
                    expected=state.token, found=stored.token,
                )
        wanted = render(kube.access.namespace, name, state, found)
        try:
            if found is None:
                kube.create(wanted)
            else:
                kube.replace(wanted)
        except Conflict:
            continue
        return state
    raise Conflict(f"The release state of {name} changes all the time: not saved in {_ATTEMPTS} attempts.")


def finish(state: State, result: str, reason: str, at: str) -> State:
    """``state`` after its end, with the release on top of the history; the same release is there only once.

    After ``released`` and ``taken_back`` the phase is ``done`` and no way back is left. A ``stuck`` release keeps
    phase and way back: somebody has to lead it out.

    :raises Refused: no such result
    """
    if result not in RESULTS:
        raise Refused(f"Result '{result}' does not exist; allowed are {', '.join(RESULTS)}.")
    ended = copy.deepcopy(state)
    ended.result, ended.reason, ended.updated = result, reason, at
    if result != "stuck":
        ended.phase, ended.way_back = "done", []
    entry = {
        "release": state.release, "procedure": state.procedure, "version": state.after.version,
        "revision": state.after.revision, "digest": state.after.digest, "at": at, "by": state.by, "result": result,
        "from": state.before.version, "from_revision": state.before.revision,
    }
    if state.undoes:
        entry["undoes"] = state.undoes
    earlier = [one for one in ended.history if one.get("release") != state.release]
    ended.history = [entry, *earlier][:HISTORY]
    return ended


def ended_without_change(state: State, reason: str, at: str) -> State:
    """``state`` after a release that found nothing to do: the history, which rollbacks choose from, stays as it is."""
    ended = copy.deepcopy(state)
    ended.result, ended.reason, ended.updated, ended.phase, ended.way_back = "released", reason, at, "done", []
    ended.after = dataclasses.replace(ended.after, revision=ended.before.revision, manifest=ended.before.manifest)
    return ended


def render(namespace: str, name: str, state: State, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """The ConfigMap for ``state``, on top of what is ``found`` on the cluster."""
    _check(state)
    metadata: dict[str, Any] = dict(found["metadata"]) if found else {"name": object_name(name), "namespace": namespace}
    metadata["labels"] = {**(metadata.get("labels") or {}), **MANAGED_BY, RELEASE_LABEL: state.release}
    data = {
        "state.json": json.dumps({"schema": SCHEMA, **dataclasses.asdict(state)}, sort_keys=True, indent=1),
        "release": state.release,
        "phase": state.phase,
        "safe_side": safe_side(state.phase),
        "way_back.json": json.dumps(state.way_back),
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def parse(found: dict[str, Any]) -> State:
    """The state inside a ConfigMap. :raises Refused: in one sentence, why it cannot be read"""
    metadata = found["metadata"]
    what = f"ConfigMap {metadata.get('namespace', '')}/{metadata['name']}"
    if (metadata.get("labels") or {}).get(OWNER_LABEL) != MANAGER:
        raise Refused(f"{what} is not a release state: it lacks the label {OWNER_LABEL}: {MANAGER}.",
                      remedy="Rename it: a release needs this name for its state.")
    remedy = f"Show it: kubectl -n {metadata.get('namespace', '')} get configmap {metadata['name']} -o yaml"
    try:
        data = json.loads((found.get("data") or {})["state.json"])
        if not isinstance(data, dict):
            raise TypeError("it is not an object")
        schema = data.pop("schema", None)
        if schema == SCHEMA:
            state: State = _built(State, data)
            _check(state)
    except (KeyError, ValueError, TypeError, Refused) as error:
        why = "it is missing" if isinstance(error, KeyError) else str(error)
        raise Refused(f"state.json in {what} cannot be read, somebody edited it: {why}.", remedy=remedy) from None
    if schema != SCHEMA:
        raise Refused(
            f"state.json in {what} has schema {schema!r}; this version of releng.runbooks reads {SCHEMA}.",
            remedy="Use the version of releng.runbooks that wrote it, or a newer one.",
        )
    return state


def _check(state: State) -> None:
    if state.phase not in PHASES:
        raise Refused(f"phase is '{state.phase}', allowed are {', '.join(PHASES)}")
    if state.result not in ("", *RESULTS):
        raise Refused(f"result is '{state.result}', allowed are {', '.join(RESULTS)}")
    for side in (state.before, state.after):
        if "\n" in side.manifest:
            raise Refused("manifest is a name, not the manifest itself, which may hold secrets")


def _built(cls: type[Any], data: dict[str, Any]) -> Any:
    """An instance of dataclass ``cls`` out of JSON; :raises TypeError: naming the field that is unknown or wrong"""
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(data) - set(hints))
    if unknown:
        raise TypeError(f"{unknown[0]} is unknown")
    values = {}
    for name, value in data.items():
        wanted = hints[name]
        if dataclasses.is_dataclass(wanted) and isinstance(value, dict):
            values[name] = _built(typing.cast("type[Any]", wanted), value)
            continue
        plain: type[Any] = typing.get_origin(wanted) or wanted
        if not isinstance(value, plain) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}, not {plain.__name__}")
        values[name] = value
    missing = [
        field.name for field in dataclasses.fields(cls)
        if field.name not in values
        and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise TypeError(f"{missing[0]} is missing")
    return cls(**values)
