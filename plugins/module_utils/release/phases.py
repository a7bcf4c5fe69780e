# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a release: where traffic is safe in each, and the way back out of it.

A phase is saved in the release state *before* its first change. So the saved phase never claims less than what may
have happened, and each step of a way back is one that changes nothing when there is nothing to undo.
The table for people, with the reasons, is docs/safe-side.md; a test compares the two.
"""

from __future__ import annotations

import difflib

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

# phase -> the side that can carry all traffic alone; "" where both versions stand behind one Service
_SAFE_SIDE = {
    "checked": "stable",
    "beside": "stable",
    "shifting": "stable",
    "baking": "stable",
    "promoting": "canary",
    "returning": "canary",
    "done": "stable",
    "undoing": "stable",
    "rolling": "",
}

PHASES = tuple(_SAFE_SIDE)

STEPS = ("traffic", "helm_rollback", "return", "remove_canary", "restore_pins")

_TO_STABLE = ("traffic", "remove_canary", "restore_pins")
_STABLE_BACK = ("traffic", "helm_rollback", "return", "remove_canary", "restore_pins")
_WAY_BACK: dict[str, tuple[str, ...]] = {
    "checked": (),
    "beside": _TO_STABLE,
    "shifting": _TO_STABLE,
    "baking": _TO_STABLE,
    "promoting": _STABLE_BACK,
    "returning": _STABLE_BACK,
    "done": (),
    "undoing": _STABLE_BACK[1:],
    "rolling": ("helm_rollback", "restore_pins"),
}


def safe_side(phase: str) -> str:
    """``stable`` or ``canary``: where traffic goes when the release ends early in ``phase``; ``""`` for ``rolling``.

    :raises Refused: no such phase
    """
    return _SAFE_SIDE[_known(phase)]


def way_back(phase: str, strategy: str) -> tuple[str, ...]:
    """The steps out of ``phase``, in order; empty where nothing has been changed or the release has ended.

    ``traffic``: all traffic to the safe side. ``helm_rollback``: stable back to its last good revision.
    ``return``: traffic back to stable in guarded steps. ``remove_canary``, ``restore_pins``: tidy up.

    With strategy ``rolling`` there is no canary, so every phase in which something changed has the one way back.

    :raises Refused: no such phase
    """
    steps = _WAY_BACK[_known(phase)]
    return _WAY_BACK["rolling"] if strategy == "rolling" and steps else steps


def _known(phase: str) -> str:
    if phase not in _SAFE_SIDE:
        close = difflib.get_close_matches(phase, PHASES, n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise Refused(f"Phase '{phase}' does not exist{hint}; allowed are {', '.join(PHASES)}.", phase=phase)
    return phase
