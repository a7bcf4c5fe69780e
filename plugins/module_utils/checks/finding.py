# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found: one sentence that names variable, value, what is allowed and where it was set."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterable
from typing import Any

REFUSE, DOUBT = "refuse", "doubt"
MAX_VALUE = 120  # characters of a value in a message


@dataclasses.dataclass(frozen=True)
class Finding:
    """``level``: ``refuse`` keeps a release from beginning, ``doubt`` is a warning.

    ``value`` and ``allowed`` are texts that may be shown. ``message`` is complete without them. ``reason`` is why
    somebody overrode it: a refusal that was turned into a doubt.
    """

    check: str
    variable: str = ""
    value: str = ""
    allowed: str = ""
    message: str = ""
    remedy: str = ""
    level: str = REFUSE
    origin: str = ""
    reason: str = ""

    @property
    def refuses(self) -> bool:
        return self.level == REFUSE

    def text(self) -> str:
        """What a person reads: message, remedy, and why it was overridden."""
        because = f"Overridden, because: {self.reason}." if self.reason else ""
        return " ".join(part for part in (self.message, self.remedy, because) if part)

    def as_dict(self) -> dict[str, str]:
        return {**dataclasses.asdict(self), "text": self.text()}


def refuse(check: str, message: str, remedy: str = "", **facts: str) -> Finding:
    return Finding(check, message=message, remedy=remedy, **facts)


def doubt(check: str, message: str, remedy: str = "", **facts: str) -> Finding:
    return Finding(check, message=message, remedy=remedy, level=DOUBT, **facts)


def wrong(
    check: str, variable: str, value: str, allowed: str, origin: str = "", remedy: str = "", hint: str = ""
) -> Finding:
    """An input that is not allowed; :param value: as it is shown, see :func:`show`"""
    where = f" (set in {origin})" if origin else ""
    message = f"{variable} is {value}{where}{hint}; allowed: {allowed}."
    return Finding(check, variable, value, allowed, message, remedy, origin=origin)


def show(value: Any) -> str:
    """``value`` as it was written, so that a text and a number differ; cut after 120 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """` (did you mean 'canary'?)`, or an empty text."""
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
