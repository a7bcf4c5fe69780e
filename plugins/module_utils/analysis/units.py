# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits as people write them ("> 5 %", "<= 250 ms"), and numbers as people read them.

What is measured is in base units: a share as a ratio (0.05), a time in seconds (0.25). The unit of a limit says how
its number is written, and how measured values are shown beside it.
"""

from __future__ import annotations

import dataclasses
import decimal
import math
import operator
import re

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

# Unit -> how much of the base unit one of it is.
UNITS = {"": "1", "ratio": "1", "%": "0.01", "s": "1", "ms": "0.001"}
_COMPARE = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}
_NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
_SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤", "==": "=", "!=": "≠"}
_WRITTEN = {"≥": ">=", "≤": "<=", "=": "==", "≠": "!="}
_LIMIT = re.compile(r"(?P<sign>[<>]=?|[=!]=|[≥≤=≠])\s*(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>\S*)")


@dataclasses.dataclass(frozen=True)
class Limit:
    """A comparison with a number: of a breach, or of passing.

    :param sign: ``>``, ``>=``, ``<``, ``<=``, ``==``, ``!=``
    :param number: as written, in ``unit``
    :param bound: the same in base units
    :param breach: whether the comparison, where it holds, is the breach; otherwise where it does not hold
    """

    sign: str
    number: str
    unit: str
    bound: float
    breach: bool

    @classmethod
    def parse(cls, text: object, breach: bool) -> Limit:
        """:raises Refused: with what is wrong, to stand behind the name of the field"""
        match = _LIMIT.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise Refused(f"is {text!r}, allowed are a comparison, a number and a unit, such as '> 5 %' or '<= 250 ms'")
        unit = match["unit"]
        if unit not in UNITS:
            raise Refused(f"is {text!r}: its unit is '{unit}', allowed are {', '.join(filter(None, UNITS))} or none")
        bound = float(decimal.Decimal(match["number"]) * decimal.Decimal(UNITS[unit]))
        if not math.isfinite(bound):
            raise Refused(f"is {text!r}, allowed are finite numbers")
        return cls(_WRITTEN.get(match["sign"], match["sign"]), match["number"], unit, bound, breach)

    @property
    def upper(self) -> bool:
        """Whether it is values that are too high which breach."""
        return self.sign in ((">", ">=") if self.breach else ("<", "<="))

    def breached(self, value: float) -> bool:
        return bool(_COMPARE[self.sign](value, self.bound)) == self.breach

    def describe(self, value: float) -> str:
        """The comparison that holds: ``0.4 % ≤ 5 %``, ``7.2 % > 5 %``."""
        sign = self.sign if _COMPARE[self.sign](value, self.bound) else _NEGATED[self.sign]
        shown = self.show(value, _COMPARE[sign])
        return f"{shown} {_SIGNS[sign]} {self._with_unit(self.number)}"

    def show(self, value: float, holds: object = None) -> str:
        """``value`` (base unit) in the unit of the limit, with as many digits as ``holds`` needs to look true."""
        scaled = float(decimal.Decimal(repr(value)) / decimal.Decimal(UNITS[self.unit]))
        for digits in (3, 5, 8, 17):
            text = plain(scaled, digits)
            if not callable(holds) or holds(float(text), float(self.number)):
                break
        return self._with_unit(text)

    def _with_unit(self, number: str) -> str:
        return f"{number} {self.unit}" if self.unit not in ("", "ratio") else number


def plain(value: float, digits: int = 3) -> str:
    """A number with ``digits`` digits that count and no exponent: ``0.412``, ``38.2``, ``3690``."""
    if not value:
        return "0"
    if not math.isfinite(value) or not 1e-9 <= abs(value) < 1e15:
        return f"{value:.{digits}g}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def minutes(seconds: float) -> str:
    """``00:25``, ``61:05``: minutes and seconds, whole ones that have passed."""
    whole = int(max(0.0, seconds) + 1e-6)
    return f"{whole // 60:02}:{whole % 60:02}"
