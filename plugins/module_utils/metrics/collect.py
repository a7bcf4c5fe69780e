# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence for gates: their queries filled in, asked at the same time, and what came back in one shape."""

from __future__ import annotations

import concurrent.futures
import math
from collections.abc import Mapping
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate, fill
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.watch import NODATA, OUTAGE, SEVERAL, Evidence
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock

Facts = Mapping[str, Mapping[str, str]]
WINDOW = "10s"


class _Trouble(Exception):
    def __init__(self, problem: str, text: str) -> None:
        super().__init__(text)
        self.problem, self.text = problem, text


class _Empty(_Trouble):
    """An answer without any series; unlike NaN it may mean that there was nothing to count."""


class Collector:
    """Asks a provider for gates. The queries of one look run at the same time, so an outage costs one time-out."""

    def __init__(self, provider: Any, clock: Clock) -> None:
        self._provider, self._clock = provider, clock

    def look(self, gates: tuple[Gate, ...], facts: Facts, judged: str) -> dict[str, Evidence]:
        """Gate name -> evidence of the side ``judged``.

        :param facts: side -> what the placeholders stand for
        """
        if not gates:
            return {}
        with concurrent.futures.ThreadPoolExecutor(max_workers=len(gates)) as pool:
            found = pool.map(lambda gate: self.evidence(gate, facts, judged), gates)
            return dict(zip((gate.name for gate in gates), found, strict=True))

    def evidence(self, gate: Gate, facts: Facts, judged: str) -> Evidence:
        """What ``gate`` wants to know of the side ``judged``, and of stable where it compares."""
        try:
            value, sample = self._measure(gate, facts[judged])
            against = None
            if gate.compared == "stable":
                against = self._measure(gate, facts[_other(facts, judged)])[0]
            return Evidence(value, sample, against)
        except _Trouble as trouble:
            return Evidence(problem=trouble.problem, text=trouble.text)
        except Unreachable as error:
            return Evidence(problem=OUTAGE, text=f"is not known: {error.message.rstrip('.')}")
        except RunbookError as error:
            return Evidence(problem=OUTAGE, text=f"cannot be asked: {error.message.rstrip('.')}")

    def counts(self, query: str, facts: Facts) -> dict[str, float | None]:
        """A count for each side, None where there is none: for the eyes of people, never for a verdict."""
        found: dict[str, float | None] = {}
        for side, words in facts.items():
            try:
                found[side] = self._one(fill(query, words, WINDOW))
            except (_Trouble, RunbookError):
                found[side] = None
        return found

    def _measure(self, gate: Gate, words: Mapping[str, str]) -> tuple[float, float | None]:
        if gate.query:
            sample = self._one(fill(gate.sample, words, gate.window)) if gate.sample else None
            return self._one(fill(gate.query, words, gate.window)), sample
        total = self._one(fill(gate.total, words, gate.window))
        if total <= 0:
            raise _Trouble(NODATA, "has no data: no requests")
        try:
            errors = self._one(fill(gate.errors, words, gate.window))
        except _Empty:
            errors = 0.0  # requests were counted, and none with this label: there were no errors
        return errors / total, total

    def _one(self, query: str) -> float:
        series = self._provider.instant(query)
        if len(series) > 1:
            raise _Trouble(SEVERAL, f"yields {len(series)} series instead of one")
        if not series:
            raise _Empty(NODATA, "has no data")
        value = float(series[0].value)
        if not math.isfinite(value):
            raise _Trouble(NODATA, f"has no data: the answer is {value}")
        return value


def _other(facts: Facts, judged: str) -> str:
    """The side to compare with: never the same one, which is always as good as itself."""
    for side in facts:
        if side != judged:
            return side
    raise _Trouble(NODATA, "has no other side to compare with")
