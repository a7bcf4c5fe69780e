# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for helm: the version put in its place, all as text for helm to read, and what in them must not be shown."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.journal.scrub import looks_secret


def with_version(values: dict[str, Any], paths: Sequence[str], version: str) -> dict[str, Any]:
    """A copy of ``values`` with ``version`` at each of ``paths`` (``image.tag``, ``containers[0].image.tag``).

    Maps that are missing are made. :raises Refused: no text, or a path that leads through something else
    """
    if not isinstance(version, str):
        raise Refused(
            f"The version {version} was read as a number, so 1.20 would become 1.2: quote it.", version=str(version)
        )
    if not version:
        raise Refused("The version is empty.")
    result = copy.deepcopy(values)
    for path in paths:
        steps = _steps(path)
        place: Any = result
        for number, step in enumerate(steps[:-1]):
            place = _step(place, step, path, [] if isinstance(steps[number + 1], int) else {})
        _step(place, steps[-1], path, version)
        place[steps[-1]] = version
    return result


def _steps(path: str) -> list[str | int]:
    if not re.fullmatch(r"[^.\[\]]+(?:\[\d+\])*(?:\.[^.\[\]]+(?:\[\d+\])*)*", path):
        raise Refused(f"'{path}' is no path into values: write it as image.tag or containers[0].image.tag.", path=path)
    return [int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)]


def _step(place: Any, step: str | int, path: str, missing: Any) -> Any:
    """What lies at ``step``; ``missing`` is put into a map that has nothing there."""
    if isinstance(step, int):
        if isinstance(place, list) and step < len(place):
            return place[step]
        size = f"a list of {len(place)}" if isinstance(place, list) else "no list"
        raise Refused(f"The path '{path}' wants item {step} of what is {size} in the values.", path=path)
    if not isinstance(place, dict):
        raise Refused(f"The path '{path}' leads through {type(place).__name__} {place!r:.40} at '{step}'.", path=path)
    if place.get(step) is None:
        place[step] = missing
    return place[step]


def as_text(values: dict[str, Any] | None) -> str:
    """JSON is YAML, and a text stays a text in it: the version 1.20 does not become 1.2."""
    return "" if values is None else json.dumps(values, default=str)


def secrets(data: Any, hidden: bool = False) -> Iterator[str]:
    """Every text in ``data`` that lies under a key that looks secret: helm quotes values when a template fails."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from secrets(value, hidden or looks_secret(str(key)))
    elif isinstance(data, list):
        for item in data:
            yield from secrets(item, hidden)
    elif hidden and isinstance(data, str):
        yield data
