"""Times out of the report of a release."""
from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any


def ended(steps: Iterable[dict[str, Any]]) -> float:
    """When the last of these steps had ended (UNIX time). :raises ValueError: there are none"""
    return max(datetime.datetime.fromisoformat(one["at"]).timestamp() + (one["seconds"] or 0.0) for one in steps)


def safe(target: dict[str, Any]) -> float:
    """When the traffic of a target was on its safe side (UNIX time). :raises ValueError: it never went back"""
    return ended(one for one in target["undo"] if one["action"].startswith("traffic to the safe side"))
