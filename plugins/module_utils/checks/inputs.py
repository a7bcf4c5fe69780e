# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the inputs alone: strategy, weights, gates, probes, version and times. They need no cluster."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, did_you_mean, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.probes import Probe

NAME = "inputs"
STRATEGIES = ("canary", "rolling")
# In each of these a step ends only by a verdict.
CANARY_PHASES = ("shifting", "baking", "returning")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")

# Ends of names of variables that hold seconds: above 0, and where nothing may be waited for, 0 as well.
_ABOVE_ZERO = ("_timeout", "_interval", "_patience", "_max_age", "_duration")
_FROM_ZERO = ("_bake", "_drain", "_seconds", "_warmup")


def check_inputs(c: Context) -> list[Finding]:
    """Everything that is wrong with the inputs."""
    parts: tuple[Callable[[Context], Iterator[Finding]], ...] = (
        versions, strategy, steps, return_steps, gates, probes, durations,
    )
    return [finding for part in parts for finding in part(c)]


def versions(c: Context) -> Iterator[Finding]:
    """The version is a text without signs that a shell, a path or a label could take for something else."""
    wanted = c.get("release_versions", {c.service: c.version})
    variable = f"release_versions.{c.service}"
    known = sorted(c.services)
    if not isinstance(wanted, Mapping):
        yield c.wrong(NAME, "release_versions", wanted, 'a mapping of services to versions, such as {"shop": "1.4.0"}')
        return
    for name in wanted:
        if known and name not in known:
            hint = did_you_mean(name, known)
            yield c.wrong(NAME, "release_versions", name, f"services of this inventory: {', '.join(known)}", hint=hint)
    if c.service not in wanted and c.version in (None, ""):
        yield c.wrong(NAME, "release_versions", sorted(map(str, wanted)), f"a version of {c.service}")
    elif not isinstance(c.version, str):
        written = str(c.version)
        yield c.wrong(
            NAME, variable, c.version, "text: YAML reads 1.20 as the number 1.2",
            f"Quote it: {{\"{c.service}\": \"{written}\"}}, with every digit that the version has.",
        )
    elif not VERSION.fullmatch(c.version):
        yield c.wrong(
            NAME, variable, c.version, "letters, digits and . _ + -, at most 128, the first a letter or a digit"
        )


def strategy(c: Context) -> Iterator[Finding]:
    if c.strategy not in STRATEGIES:
        hint = did_you_mean(c.strategy, STRATEGIES)
        yield c.wrong(NAME, "helm_release_strategy", c.strategy, ", ".join(STRATEGIES), hint=hint)


def share_of(step: Any) -> Any:
    """The share of one step, which is a number or a mapping with ``share``."""
    return step.get("share") if isinstance(step, Mapping) else step


def steps(c: Context) -> Iterator[Finding]:
    """Shares of the canary: whole per cent, rising, to 100."""
    if c.strategy == "canary" and "canary_shift_steps" in c.variables:
        allowed = "whole per cent from 1 to 100 as numbers, rising, the last one 100"
        yield from _weights(
            c, "canary_shift_steps", allowed,
            lambda shares: all(1 <= share <= 100 for share in shares) and shares[-1] == 100 and _rising(shares),
        )


def return_steps(c: Context) -> Iterator[Finding]:
    """Shares of the canary while traffic returns to stable: falling, to 0."""
    if c.strategy == "canary" and "canary_shift_return_steps" in c.variables:
        allowed = "whole per cent from 99 to 0 as numbers, falling, the last one 0"
        yield from _weights(
            c, "canary_shift_return_steps", allowed,
            lambda shares: all(0 <= share <= 99 for share in shares) and shares[-1] == 0 and _rising(shares[::-1]),
        )


def gates(c: Context) -> Iterator[Finding]:
    """Every gate can be read, and a canary has one that aborts."""
    variable = "release_gates"
    if variable not in c.variables:
        return
    listed = c.get(variable, [])
    if not isinstance(listed, list):
        yield c.wrong(NAME, variable, listed, "a list of gates")
        return
    parsed = []
    for number, one in enumerate(listed, 1):
        try:
            parsed.append(Gate.parse(one, f"{variable}[{number}]"))
        except (RunbookError, TypeError, AttributeError, ValueError) as error:
            yield _unreadable(c, variable, number, error)
    names = [gate.name for gate in parsed]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield c.wrong(NAME, variable, names, "a name of its own for each gate", hint=f", with '{twice[0]}' twice")
    if c.strategy == "canary" and len(parsed) == len(listed):
        judged = {phase for gate in parsed if gate.severity == "abort" for phase in gate.phases}
        if blind := [phase for phase in CANARY_PHASES if phase not in judged]:
            allowed = "at least one gate with severity abort in each phase"
            yield c.wrong(NAME, variable, names, allowed, hint=f", which judge nothing while {', '.join(blind)}")


def probes(c: Context) -> Iterator[Finding]:
    variable = "verify_health_probes"
    listed = c.get(variable, [])
    if not isinstance(listed, list):
        yield c.wrong(NAME, variable, listed, "a list of probes")
        return
    for number, one in enumerate(listed, 1):
        try:
            Probe.parse(one)
        except (RunbookError, TypeError, AttributeError, ValueError) as error:
            yield _unreadable(c, variable, number, error)


def durations(c: Context) -> Iterator[Finding]:
    """Seconds are numbers: times to wait for something above 0, others from 0."""
    for name, value in sorted(c.variables.items()):
        if not name.endswith(_ABOVE_ZERO + _FROM_ZERO) or value is None:
            continue
        positive = name.endswith(_ABOVE_ZERO)
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < 0 or (positive and value == 0):
            yield c.wrong(NAME, name, value, f"seconds as a number {'above 0' if positive else 'from 0 on'}")


def _weights(
    c: Context, variable: str, allowed: str, holds: Callable[[list[int]], bool]
) -> Iterator[Finding]:
    listed = c.get(variable)
    shares = [share_of(step) for step in listed] if isinstance(listed, list) else []
    texts = [share for share in shares if isinstance(share, str)]
    if texts:
        remedy = "Write the weights without quotes."
        yield c.wrong(NAME, variable, listed, allowed, remedy, hint=", with a text among the weights")
    elif not shares or not all(_whole(share) for share in shares) or not holds(shares):
        yield c.wrong(NAME, variable, listed, allowed)


def _whole(share: Any) -> bool:
    return isinstance(share, int) and not isinstance(share, bool)


def _rising(shares: list[int]) -> bool:
    return all(one < after for one, after in itertools.pairwise(shares))


def _unreadable(c: Context, variable: str, number: int, error: Exception) -> Finding:
    origin = c.origins.get(variable, "")
    said = error.message if isinstance(error, RunbookError) else f"{type(error).__name__}: {error}"
    where = f"{variable}[{number}]"
    message = said if where in said else f"{where}: {said}"
    if origin:
        message = f"{message.rstrip('.')} (set in {origin})."
    remedy = error.remedy if isinstance(error, RunbookError) else ""
    return refuse(NAME, message, remedy, variable=variable, origin=origin)
