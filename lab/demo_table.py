"""The summary of the demo."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    title: str
    expected: str
    got: str
    seconds: float

    @property
    def as_expected(self) -> bool:
        return self.expected == self.got


def table(rows: list[Row]) -> str:
    """One line a step, a word at its end where it is not as expected."""
    lines = [("step", "expected", "got", "seconds", "")]
    lines += [(row.title, row.expected, row.got, f"{row.seconds:.0f}", "" if row.as_expected else "<- NOT AS EXPECTED")
              for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join("  ".join((*(cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)),
                                line[3].rjust(widths[3]), line[4])).rstrip() for line in lines)
