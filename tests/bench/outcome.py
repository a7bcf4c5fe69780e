"""What a bench found, and the table of it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.ratios import Estimate, Goal

HEAD = ("bench", "what", "ours", "against", "ratio", "goal", "")


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ratio`` is what the goal speaks of, also where it is no quotient but a number."""

    bench: str
    what: str
    ours: str
    theirs: str = ""
    ratio: Estimate | None = None
    goal: Goal | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``reached``, ``missed``, or nothing where there is no goal or no number."""
        if self.goal is None or self.ratio is None:
            return ""
        return "reached" if self.goal.holds(self.ratio) else "missed"

    def cells(self) -> tuple[str, ...]:
        unit = self.goal.unit if self.goal else "×"
        told = shown(self.ratio, "×" if unit == "×" else f" {unit}") if self.ratio else ""
        last = " · ".join(word for word in (self.verdict, self.note) if word)
        return self.bench, self.what, self.ours, self.theirs, told, str(self.goal or ""), last

    def data(self) -> dict[str, Any]:
        """As JSON keeps it."""
        ratio = vars(self.ratio) if self.ratio else None
        return {
            "bench": self.bench, "what": self.what, "ours": self.ours, "theirs": self.theirs, "ratio": ratio,
            "goal": str(self.goal or ""), "verdict": self.verdict, "note": self.note,
        }  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """Rows for people, and every number that they were made of."""

    rows: list[Row]
    raw: dict[str, Any] = field(default_factory=dict)


def shown(estimate: Estimate, unit: str) -> str:
    """``1.21× (1.10 to 1.33)``; as many digits as matter."""
    if estimate.low is None or estimate.high is None:
        return f"{digits(estimate.value)}{unit}"
    return f"{digits(estimate.value)}{unit} ({digits(estimate.low)} to {digits(estimate.high)})"


def digits(number: float) -> str:
    """Three digits that matter, never more than three behind the point."""
    places = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2 if abs(number) >= 1 else 3
    return f"{number:.{places}f}"


def seconds(values: Sequence[float]) -> str:
    """``12.3 s (11.9 to 12.8)``: the mean and the range of what was measured."""
    middle = sum(values) / len(values)
    if len(values) == 1:
        return f"{digits(middle)} s"
    return f"{digits(middle)} s ({digits(min(values))} to {digits(max(values))})"


def table(rows: Sequence[Row]) -> str:
    """In Markdown, so that what a terminal shows can be kept in a document."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    padded.insert(1, ["-" * max(width, 3) for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
