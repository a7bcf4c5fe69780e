# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights between two Services in a Gateway API HTTPRoute.

Every write is one JSON patch that tests the fencing token and the backends it was computed from. So a run that was
overtaken, and one that does not know of somebody's change, are refused by the API server itself.

The chart's own rules stay as they are: each reference to stable is split into a pair (stable, canary) that keeps its
filters and its place, and references to other services keep their share. What stood there at rest is put back as it
was. Every rule that names stable is shifted together, in the one patch, unless one rule was asked for.

A data plane gets routes and backends on separate streams, and for a moment may have a route to a backend that it does
not know yet, or no longer: with Contour and Envoy about one request in a hundred was answered 503 then. So a backend
enters with weight 0 and leaves with weight 0, and stays so for ``SETTLE`` seconds: :meth:`HTTPRoute.first` says when.
An abort needs no such step: it leaves the canary in the route at weight 0.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, NotFound, Overtaken, Refused
from ansible_collections.releng.runbooks.plugins.module_utils.json_pointer import escape
from ansible_collections.releng.runbooks.plugins.module_utils.kube import TOKEN_ANNOTATION, Kube

API_VERSION = "gateway.networking.k8s.io/v1"
KIND = "HTTPRoute"

TOKEN_PATH = f"/metadata/annotations/{escape(TOKEN_ANNOTATION)}"
# Seconds at weight 0 between entering the route and getting weight, and between losing weight and leaving. Measured:
# 0 of 18,804 requests lost with 0.2 s; Contour itself holds changes back for up to 0.5 s.
SETTLE = 1.0

_MAX_WEIGHT = 1_000_000  # of the Gateway API
_ATTEMPTS = 5

Backends = list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What the route says now.

    ``weights``: per cent of what stable and canary get together, ``{"stable": 90, "canary": 10}``. Several rules that
    differ (only ever by a foreign hand) show the highest share of the canary.
    ``backends``: ``[{"rule": 0, "backendRefs": [...]}, ...]``, as they stand there, of the rules that are shifted; at
    rest this is what ``resting`` of :meth:`HTTPRoute.patch` wants later.
    ``token``: the fencing token on the route, 0 without one. ``resting``: the canary is in none of the rules.
    ``problem``: what the gateway says against the route ("" when it serves this version of it);
    ``settled``: the gateway has seen this version of the route and says nothing against it; ``behind``: it has taken
    an older version of it, and serves that one still.
    """

    weights: dict[str, int]
    backends: list[dict[str, Any]]
    token: int
    resting: bool
    problem: str = ""
    settled: bool = True
    behind: bool = False


class HTTPRoute:
    """The route ``name`` in the namespace of ``kube``.

    :param rule: index of the one rule to shift; None for every rule that names ``stable``
    :param stable: name of the Service that the chart made
    :param canary: name of the Service beside it; ``<stable>-canary`` unless given
    """

    NAME = "httproute"
    API_VERSION = API_VERSION
    KIND = KIND

    def __init__(self, kube: Kube, name: str, rule: int | None = None, stable: str = "", canary: str = "") -> None:
        self.name = name
        self.rule = rule
        self.stable = stable or name
        self.canary = canary or f"{self.stable}-canary"
        self._kube = kube

    def read(self) -> Traffic:
        """:raises NotFound: no such route :raises Refused: no rule of it leads to stable"""
        return self._traffic(self._get())

    def token(self) -> int:
        """The fencing token on the route, 0 without one. :raises NotFound: no such route"""
        return _token(self._get())

    @staticmethod
    def first(
        current: Traffic, weights: dict[str, int], resting: list[dict[str, Any]] | None = None
    ) -> dict[str, int] | None:
        """The weights to write and to hold for ``SETTLE`` seconds before ``weights`` (or ``resting``); None: none."""
        enters = current.resting and resting is None and weights.get("canary", 0) > 0
        leaves = resting is not None and current.weights["canary"] > 0
        return {"stable": 100, "canary": 0} if enters or leaves else None

    def patch(
        self, current: Traffic, weights: dict[str, int], token: int, stable: str = "", canary: str = "", port: int = 0,
        resting: list[dict[str, Any]] | None = None,
    ) -> list[dict[str, Any]]:
        """The one JSON patch from ``current`` to ``weights`` (whole per cent, together 100).

        :param port: port of the canary's Service; 0 for that of the stable reference
        :param resting: ``backends`` of the route at rest, to be put back exactly; the canary leaves the route
        :raises Refused: weights that make no sense
        """
        rules = self._wanted(current, weights, stable, canary, port, resting)
        return [
            _test(TOKEN_PATH, str(token)),
            *(_test(_backends_path(old["rule"]), old["backendRefs"]) for old in current.backends),
            *(_replace(_backends_path(new["rule"]), new["backendRefs"]) for new in rules),
        ]

    def way_back(
        self, current: Traffic, weights: dict[str, int], token: int, stable: str = "", canary: str = "",
        port: int = 0, resting: list[dict[str, Any]] | None = None,
    ) -> list[dict[str, Any]]:
        """The patch for somebody else (a guard, a person) who applies it when this run is silent.

        It holds from any weights, so it tests no backends. It raises the token, so this run is fenced if it wakes up.
        To stable, give weights rather than ``resting``: a canary at weight 0 costs nothing.
        """
        rules = self._wanted(current, weights, stable, canary, port, resting)
        return [
            _test(TOKEN_PATH, str(token)),
            _replace(TOKEN_PATH, str(token + 1)),
            *(_replace(_backends_path(new["rule"]), new["backendRefs"]) for new in rules),
        ]

    def claim(self, token: int) -> None:
        """Write our token on the route; a route that has it already is left alone.

        :raises Overtaken: a higher token stands there
        """
        for _attempt in range(_ATTEMPTS):
            route = self._get()
            found = _token(route)
            if found > token:
                raise Overtaken(
                    f"{KIND} {self.name} carries token {found}, ours is {token}: a newer run holds it.",
                    path=TOKEN_PATH, expected=str(token), found=str(found),
                )
            if found == token:
                return
            metadata = {
                "resourceVersion": route["metadata"]["resourceVersion"],
                "annotations": {TOKEN_ANNOTATION: str(token)},
            }
            try:
                self._kube.merge_patch(KIND, self.name, {"metadata": metadata}, API_VERSION)
                return
            except Conflict:
                continue  # status writers change the version too
        raise Conflict(f"{KIND} {self.name} changes all the time: not claimed in {_ATTEMPTS} attempts.")

    def write(self, ops: list[dict[str, Any]]) -> Traffic:
        """Send ``ops`` as one patch and return what the route says after it.

        :raises Overtaken: a test failed; ``facts["path"]`` is the token's or that of backends which somebody changed
        :raises Unreachable: unknown whether it happened: read
        """
        return self._traffic(self._kube.json_patch(KIND, self.name, ops, API_VERSION))

    def _get(self) -> dict[str, Any]:
        route = self._kube.get(KIND, self.name, API_VERSION)
        if route is None:
            raise NotFound(f"{KIND} {self._kube.access.namespace}/{self.name} does not exist.")
        return route

    def _traffic(self, route: dict[str, Any]) -> Traffic:
        rules = route["spec"].get("rules") or []
        if self.rule is not None and self.rule >= len(rules):
            raise Refused(f"{KIND} {self.name} has {len(rules)} rules; rule {self.rule} does not exist.")
        backends: list[dict[str, Any]] = [
            {"rule": index, "backendRefs": refs}
            for index, refs in enumerate(rule.get("backendRefs") or [] for rule in rules)
            if (self.rule is None or self.rule == index) and any(_names(ref, self.stable) for ref in refs)
        ]
        if not backends:
            where = f"rule {self.rule}" if self.rule is not None else "no rule"
            verb = "does not lead" if self.rule is not None else "leads"
            raise Refused(
                f"{KIND} {self.name}: {where} {verb} to Service {self.stable}.",
                remedy=f"Services in its rules: {', '.join(_services(rules)) or 'none'}.",
            )
        share = max(self._share(rule["backendRefs"]) for rule in backends)
        observed, problem = _verdict_of_gateway(route)
        return Traffic(
            weights={"stable": 100 - share, "canary": share},
            backends=backends,
            token=_token(route),
            resting=not any(_names(ref, self.canary) for rule in backends for ref in rule["backendRefs"]),
            problem=problem,
            settled=observed and not problem,
            behind=_behind(route),
        )

    def _share(self, refs: Backends) -> int:
        stable = sum(_weight(ref) for ref in refs if _names(ref, self.stable))
        canary = sum(_weight(ref) for ref in refs if _names(ref, self.canary))
        return round(100 * canary / (stable + canary)) if canary else 0

    def _wanted(
        self, current: Traffic, weights: dict[str, int], stable: str, canary: str, port: int,
        resting: list[dict[str, Any]] | None,
    ) -> list[dict[str, Any]]:
        if resting is not None:
            return resting
        share = weights.get("canary", -1)
        if not 0 <= share <= 100 or weights.get("stable") != 100 - share:
            raise Refused(f"Weights {weights} are not allowed: stable and canary, whole per cent, together 100.")
        stable, canary = stable or self.stable, canary or self.canary
        return [
            {"rule": rule["rule"], "backendRefs": _split(rule["backendRefs"], share, stable, canary, port)}
            for rule in current.backends
        ]


def _split(refs: Backends, share: int, stable: str, canary: str, port: int) -> Backends:
    """``refs`` with ``share`` per cent of every stable reference given to a canary reference right behind it.

    A stable reference weighs what it and the canary reference behind it weigh together; that is kept in relation to
    other services in the rule. Alone in its rule it weighs 100, so that weights read as per cent.
    """
    whole: list[tuple[dict[str, Any], int]] = []
    for ref in refs:
        if _names(ref, canary) and whole and _names(whole[-1][0], stable):
            whole[-1] = (whole[-1][0], whole[-1][1] + _weight(ref))
        elif not _names(ref, canary):
            whole.append((ref, _weight(ref)))
    others = sum(weight for ref, weight in whole if not _names(ref, stable))
    mine = [weight for ref, weight in whole if _names(ref, stable)]
    if not sum(mine):
        raise Refused(f"The route gives Service {stable} no weight: there is nothing to shift.")
    if not others and len(mine) == 1:
        whole = [(ref, 1 if _names(ref, stable) else 0) for ref, _weight_ in whole]
    split: Backends = []
    for ref, weight in whole:
        if not _names(ref, stable):
            split.append({**ref, "weight": weight * 100})
            continue
        split.append({**ref, "weight": weight * (100 - share)})
        split.append({**ref, "name": canary, "port": port or ref["port"], "weight": weight * share})
    return _fitted(split, keep=not others and len(mine) == 1)


def _fitted(refs: Backends, keep: bool) -> Backends:
    """The same relations in the smallest whole numbers (``keep``: as they are), within what the API allows."""
    weights = [ref["weight"] for ref in refs]
    divisor = 1 if keep else math.gcd(*weights)
    highest = max(weights) // divisor
    if highest > _MAX_WEIGHT:
        # A relation of one to a million is lost to rounding; a backend that had a share keeps at least one.
        top = max(weights)
        return [{**ref, "weight": max(ref["weight"] * _MAX_WEIGHT // top, min(ref["weight"], 1))} for ref in refs]
    return [{**ref, "weight": ref["weight"] // divisor} for ref in refs]


def _weight(ref: dict[str, Any]) -> int:
    return int(ref.get("weight", 1))


def _names(ref: dict[str, Any], service: str) -> bool:
    """Whether ``ref`` leads to ``service`` in the route's own namespace."""
    return ref.get("kind", "Service") == "Service" and ref["name"] == service and not ref.get("namespace")


def _services(rules: list[dict[str, Any]]) -> list[str]:
    return sorted({ref["name"] for rule in rules for ref in rule.get("backendRefs") or []})


def _token(route: dict[str, Any]) -> int:
    text = (route["metadata"].get("annotations") or {}).get(TOKEN_ANNOTATION, "0")
    if not text.isdecimal():
        raise Refused(
            f"{KIND} {route['metadata']['name']}: annotation {TOKEN_ANNOTATION} is '{text}', not a whole number.",
            remedy="Somebody edited it: write the number back that the release state names.",
        )
    return int(text)


def _behind(route: dict[str, Any]) -> bool:
    """Whether every word of a gateway is about an older version of the route; without a word nothing is known."""
    parents = (route.get("status") or {}).get("parents") or []
    seen = [one.get("observedGeneration", 0) for parent in parents for one in parent.get("conditions") or []]
    return bool(seen) and max(seen) < route["metadata"].get("generation", 0)


def _verdict_of_gateway(route: dict[str, Any]) -> tuple[bool, str]:
    """Whether every gateway has seen this generation, and the first condition that is not as it should be."""
    parents = (route.get("status") or {}).get("parents") or []
    generation = route["metadata"].get("generation", 0)
    conditions = [condition for parent in parents for condition in parent.get("conditions") or []]
    wanted = [condition for condition in conditions if condition["type"] in ("Accepted", "ResolvedRefs")]
    observed = bool(wanted) and all(condition.get("observedGeneration", 0) >= generation for condition in wanted)
    bad = [condition for condition in wanted if condition["status"] != "True"] if observed else []
    return observed, f"{bad[0]['reason']}: {bad[0].get('message', '')}" if bad else ""


def _backends_path(rule: int) -> str:
    return f"/spec/rules/{rule}/backendRefs"


def _test(path: str, value: Any) -> dict[str, Any]:
    return {"op": "test", "path": path, "value": value}


def _replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}
