# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate: a named condition on metrics, as data out of the inventory, and the filling of its queries."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.units import Limit
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

PLACEHOLDERS = ("side", "namespace", "workload", "pod_regex", "revision", "version", "window")
PHASES = ("shifting", "baking", "returning", "rolling")
SEVERITIES = ("abort", "warn", "observe")
FORMS = ("absolute", "delta", "relative")
_WORD = re.compile(r"\{([a-z_]+)\}")
# What may have been meant for one. Left as it is it would match no pods and, where errors are counted, find none.
# Braces after a backslash belong to a regular expression: \p{Lu}.
_MEANT = re.compile(r"(?<!\\[pPx])\{\s*([A-Za-z_][\w-]*)\s*\}")
# As Prometheus reads it: larger units first, each once.
_DURATION = re.compile("(?=.*[1-9])" + "".join(f"(?:[0-9]+{unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")))
_QUERIES = ("query", "errors", "total")
_NUMBERS = ("minimum", "warmup", "for_seconds")
# How a field is called in an inventory where Python could not call it so.
_WRITTEN = {"for_seconds": "for", "compared": "against"}


@dataclasses.dataclass(frozen=True)
class Gate:
    """One condition.

    :param query: yields one number; or ``errors`` and ``total`` yield counts, whose ratio is judged
    :param limit: from ``breach`` ("> 5 %") or ``pass`` ("<= 250 ms")
    :param window: fills ``{window}`` of the queries
    :param minimum: requests (``total``, or ``sample``) below which it is INCONCLUSIVE
    :param compared: ``limit``: the value itself; ``stable``: the difference (delta) or quotient (relative) to stable
    :param for_seconds: how long a breach has to last before it counts
    :param warmup: seconds at the beginning of a step in which a breach does not count
    :param severity: only ``abort`` decides; ``warn`` and ``observe`` are told
    :param phases: in which it is looked at
    """

    name: str
    limit: Limit
    query: str = ""
    errors: str = ""
    total: str = ""
    sample: str = ""
    window: str = "10s"
    minimum: float = 0.0
    compared: str = "limit"
    form: str = "absolute"
    for_seconds: float = 0.0
    warmup: float = 0.0
    severity: str = "abort"
    phases: tuple[str, ...] = PHASES

    @classmethod
    def parse(cls, data: Mapping[str, Any], where: str) -> Gate:
        """:raises Refused: naming the gate, the field, the value and what is allowed"""
        if not isinstance(data, Mapping):
            raise Refused(f"{where} is {data!r}, allowed is a mapping with name, query and breach.")
        name = data.get("name")
        if not isinstance(name, str) or not name.strip():
            raise Refused(f"{where}: name is {name!r}, allowed is a text.")
        told = f"{where} '{name}'"
        fields = {_WRITTEN.get(field.name, field.name) for field in dataclasses.fields(cls)} - {"limit"}
        allowed = sorted(fields | {"breach", "pass"})
        for key in data:
            if key not in allowed:
                close = difflib.get_close_matches(str(key), allowed, n=1)
                hint = f" (did you mean '{close[0]}'?)" if close else ""
                raise Refused(f"{told}: field '{key}' is unknown{hint}; allowed are {', '.join(allowed)}.")
        read = {written: field for field, written in _WRITTEN.items()}
        values = {read.get(key, key): value for key, value in data.items() if key not in ("breach", "pass")}
        gate = cls(**{**values, "limit": _limit(data, told), "phases": _phases(data, told)})
        gate._check(told)
        return gate

    def _check(self, told: str) -> None:
        self._check_queries(told)
        for field, value, choices in (
            ("severity", self.severity, SEVERITIES), ("form", self.form, FORMS),
            ("against", self.compared, ("limit", "stable")),
            *(("phases", phase, PHASES) for phase in self.phases),
        ):
            if value not in choices:
                raise Refused(f"{told}: {field} is {value!r}, allowed are {', '.join(choices)}.")
        if (self.form == "absolute") != (self.compared == "limit"):
            other = "stable" if self.compared == "limit" else "limit"
            raise Refused(f"{told}: form {self.form} goes with against: {other}.")
        for field in _NUMBERS:
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise Refused(f"{told}: {_WRITTEN.get(field, field)} is {value!r}, allowed is a number from 0 on.")
        if self.minimum and not (self.total or self.sample):
            raise Refused(f"{told}: minimum needs total, or a query in sample, to count.")

    def _check_queries(self, told: str) -> None:
        for field in (*_QUERIES, "sample"):
            _check_words(told, field, getattr(self, field))
        if bool(self.query) == bool(self.errors and self.total) or bool(self.errors) != bool(self.total):
            raise Refused(f"{told}: allowed is either query, or errors together with total.")
        if self.sample and self.total:
            raise Refused(f"{told}: sample goes with query; where there is a total, that is what is counted.")
        if not isinstance(self.window, str) or not _DURATION.fullmatch(self.window):
            raise Refused(f"{told}: window is {self.window!r}, allowed is a time with its unit, such as '10s' or '5m'.")


def fill(query: str, facts: Mapping[str, str], window: str = "") -> str:
    """``query`` with its placeholders replaced, each literally; other braces are the query language's own.

    :raises Refused: a placeholder that ``facts`` do not have
    """
    known = {**facts, **({"window": window} if window else {})}

    def put(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise Refused(f"Placeholder {{{match[1]}}} is not known here; known are {', '.join(sorted(known))}.")
        return known[match[1]]

    return _WORD.sub(put, query)


def _limit(data: Mapping[str, Any], told: str) -> Limit:
    if ("breach" in data) == ("pass" in data):
        raise Refused(f"{told}: allowed is exactly one of breach (\"> 5 %\") and pass (\"<= 250 ms\").")
    field = "breach" if "breach" in data else "pass"
    try:
        return Limit.parse(data[field], breach=field == "breach")
    except Refused as error:
        raise Refused(f"{told}: {field} {error.message}.") from None


def _phases(data: Mapping[str, Any], told: str) -> tuple[str, ...]:
    value = data.get("phases", PHASES)
    if not isinstance(value, list | tuple) or not value:
        raise Refused(f"{told}: phases is {value!r}, allowed is a list of {', '.join(PHASES)}.")
    return tuple(value)


def _check_words(told: str, field: str, query: object) -> None:
    if not isinstance(query, str) or query.isspace():
        raise Refused(f"{told}: {field} is {query!r}, allowed is a text.")
    for match in _MEANT.finditer(query):
        written, word = match[0], match[1]
        if written != f"{{{word}}}" or word not in PLACEHOLDERS:
            close = difflib.get_close_matches(word.lower().replace("-", "_"), PLACEHOLDERS, n=1)
            hint = f" (did you mean '{{{close[0]}}}'?)" if close else ""
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise Refused(f"{told}: {field} has the placeholder {written}{hint}; allowed are {known}.")
