"""What became of the requests, in all and by the second; no clock, no network."""
from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from lab.load.http import Answer


@dataclass
class Counts:
    """Counts answers.

    A request has failed when there was no answer or its status is not 2xx or 3xx. A failure that a version answers
    which is known to be bad is that version's own; every other is *lost*: nobody should have had it.

    :param bad_versions: whose failures are their own
    :param slow: a whole answer that took more seconds than this is slow
    """

    bad_versions: Collection[str] = ()
    slow: float = 0.5
    total: Counter[str] = field(default_factory=Counter)
    seconds: dict[int, Counter[str]] = field(default_factory=dict)
    versions: dict[str, Counter[str]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    took: array[float] = field(default_factory=lambda: array("f"))

    def add(self, begun: float, took: float, answer: Answer) -> None:
        """`begun`: seconds since the start at which the request was due; `took`: seconds until it was answered."""
        ok = 200 <= answer.status < 400
        words = ["requests", "ok" if ok else "failed"]
        if not ok:
            words.append("own" if answer.version and answer.version in self.bad_versions else "lost")
            self.failures[cause(answer)] += 1
        elif took > self.slow:
            words.append("slow")
        self.total.update(words)
        self.seconds.setdefault(int(begun), Counter()).update(words)
        if answer.version:
            self.versions.setdefault(answer.version, Counter()).update(words)
        self.took.append(took)

    def report(self) -> dict[str, Any]:
        """As JSON takes it; times in milliseconds.

        `requests` = `ok` + `failed`; `failed` = `lost` + `own`; `slow` are some of `ok`. `by_second` has an entry for
        each second in which a request was due.
        """
        keys = ("requests", "ok", "failed", "lost", "own", "slow")
        ordered = sorted(self.took)
        return {
            **{key: self.total[key] for key in keys},
            "failures": dict(sorted(self.failures.items())),
            "versions": {version: {key: counts[key] for key in keys}
                         for version, counts in sorted(self.versions.items())},
            "latency_ms": {"p50": quantile(ordered, 0.5), "p95": quantile(ordered, 0.95),
                           "p99": quantile(ordered, 0.99), "max": quantile(ordered, 1.0)},
            "by_second": [{"second": second, **{key: counts[key] for key in keys[1:]}}
                          for second, counts in sorted(self.seconds.items())],
        }


def cause(answer: Answer) -> str:
    """`timeout`, `reset`, ..., `500 from 1.5.0`, or `503 from the gateway`: it passes X-Version on and sets none."""
    if not answer.status:
        return answer.problem
    return f"{answer.status} from {answer.version or 'the gateway'}"


def quantile(ordered: list[float], share: float) -> float:
    """In milliseconds, of seconds in rising order; 0 of none."""
    if not ordered:
        return 0.0
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)
