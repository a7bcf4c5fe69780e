"""Watching gates: only PASS moves on, time without evidence neither advances nor convicts, and every step ends."""
from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.gate import Gate
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import Verdict
from ansible_collections.releng.runbooks.plugins.module_utils.analysis.watch import (
    Evidence,
    GateWatch,
    StepReading,
    StepWatch,
)
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases" / "watch.yml").read_text())
LETTERS: dict[str, Evidence] = {
    "P": Evidence(0.01, 100), "F": Evidence(0.5, 100), "I": Evidence(0.01, 3), "N": Evidence(problem="nodata"),
    "E": Evidence(problem="error"), "S": Evidence(problem="several"),
}  # fmt: skip
# All ways in which a look can yield no number that could be judged.
NOTHING = (
    Evidence(), Evidence(math.nan, 100), Evidence(math.inf, 100), Evidence(-math.inf, 100),
    Evidence(0.0, 100, problem="nodata"), Evidence(0.0, 100, problem="error"), Evidence(0.0, 100, problem="several"),
    Evidence(0.0, None), Evidence(0.0, 0), Evidence(0.0, 29), Evidence(0.0, math.nan),
)  # fmt: skip


def gate(name: str = "g", **more: Any) -> Gate:
    asked = {} if "errors" in more else {"query": "q"}
    limit = {} if "pass" in more else {"breach": "> 5 %"}
    return Gate.parse({"name": name, **asked, **limit, **more}, "gate")


def evidence(found: Any) -> Evidence:
    if isinstance(found, str):
        return Evidence(problem=found)
    return Evidence(**found) if isinstance(found, dict) else Evidence(found)


def counting(name: str, **more: Any) -> Gate:
    return gate(name, **{"sample": "s", "minimum": 30, **more})


def run(watch: StepWatch, looks: dict[str, str], interval: float = 5.0) -> list[tuple[float, StepReading]]:
    """Every look with its second, up to the one that ends the step."""
    found: list[tuple[float, StepReading]] = []
    columns = itertools.zip_longest(*(letters.replace(" ", "") for letters in looks.values()), fillvalue=".")
    for number, column in enumerate(columns):
        seen = {name: LETTERS[one] for name, one in zip(looks, column, strict=True) if one != "."}
        found.append((number * interval, watch.look(number * interval, seen)))
        if found[-1][1].done:
            break
    return found


# One gate


@pytest.mark.parametrize("case", CASES["gates"], ids=lambda case: case["name"])
def test_what_a_gate_says_look_by_look(case: dict[str, Any]) -> None:
    watch = GateWatch(gate(**case.get("gate", {})))
    said = []
    for at, found, _verdict, _text in case["looks"]:
        reading = watch.look(at, evidence(found))
        said.append([at, found, reading.verdict.value, reading.text.removeprefix("g ")])
    assert said == case["looks"]


def test_a_reading_has_what_reports_need() -> None:
    watch = GateWatch(gate("p95", **{"pass": "<= 250 ms", "severity": "warn", "warmup": 10}))
    reading = watch.look(0, Evidence(0.3))
    assert (reading.name, reading.value, reading.limit, reading.severity) == ("p95", 0.3, "<= 250 ms", "warn")
    assert reading.text == "p95 300 ms > 250 ms (warming up)"
    assert not reading.counted
    assert watch.look(10, Evidence(0.2)).counted
    assert GateWatch(gate(breach="> 3")).look(0, Evidence(problem="nodata")).limit == "> 3"
    assert GateWatch(gate(breach="> 3")).look(0, Evidence(problem="nodata")).value is None


# Steps


@pytest.mark.parametrize("case", CASES["steps"], ids=lambda case: case["name"])
def test_how_a_step_ends(case: dict[str, Any]) -> None:
    gates = [counting(name, **case.get("gates", {}).get(name, {})) for name in case["looks"]]
    found = run(StepWatch(gates, case["duration"], case["patience"]), case["looks"], case.get("interval", 5))
    at, last = found[-1]
    if "end" in case:
        assert last.done
        assert {"verdict": last.verdict.value, "at": at, "progress": last.progress} == case["end"]
    else:
        assert not last.done
        assert last.progress == case["progress"]
        longest = max(len(letters.replace(" ", "")) for letters in case["looks"].values())
        assert len(found) == longest


def test_the_line_has_all_gates_and_a_conviction_only_the_one_that_convicts() -> None:
    watch = StepWatch([counting("a"), counting("b"), counting("c", severity="warn")], 5, 5)
    (_, held), (_, ended) = run(watch, {"a": "PP", "b": "EF", "c": "FF"})
    assert held.text == "a 1 % ≤ 5 % · b could not be asked · c 50 % > 5 %"
    assert ended.text == "b 50 % > 5 %"
    assert [one.name for one in ended.readings] == ["a", "b", "c"]


def test_evidence_for_a_gate_that_is_not_there_is_nobodys() -> None:
    reading = StepWatch([counting("a")], 0, 5).look(0, {"a": LETTERS["P"], "z": LETTERS["F"]})
    assert (reading.verdict, [one.name for one in reading.readings]) == (Verdict.PASS, ["a"])


@pytest.mark.parametrize(("gates", "duration", "patience", "says"), [
    ([], 5, 5, "A step needs a gate with severity abort: nothing passes on nothing."),
    ([gate(severity="warn"), gate("h", severity="observe")], 5, 5, "A step needs a gate with severity abort"),
    ([gate("a"), gate("b"), gate("a", severity="warn")], 5, 5, "Two gates of a step are called 'a'"),
    ([gate()], -1.0, 5, r"The duration of a step is -1\.0, allowed are seconds from 0 on\."),
    ([gate()], math.nan, 5, "The duration of a step is nan"), ([gate()], math.inf, 5, "The duration of a step is inf"),
    ([gate()], 5, -1, "The patience of a step is -1"), ([gate()], 5, math.nan, "The patience of a step is nan"),
    ([gate()], 5, math.inf, "The patience of a step is inf"),
])  # fmt: skip
def test_a_step_that_could_not_judge_or_end(gates: list[Gate], duration: float, patience: float, says: str) -> None:
    with pytest.raises(Refused, match=says):
        StepWatch(gates, duration, patience)


# Whatever comes


def some_gates(dice: random.Random) -> list[Gate]:
    def one(name: str) -> Gate:
        more: dict[str, Any] = {"for": dice.choice([0, 0, 10]), "warmup": dice.choice([0, 0, 15])}
        if dice.random() < 0.3:
            more |= {"against": "stable", "form": dice.choice(["delta", "relative"])}
        more |= {dice.choice(["breach", "pass"]): dice.choice(["> 5 %", "<= 5 %", "< 99 %", "!= 0", ">= 0"])}
        return counting(name, severity=dice.choice(["abort", "abort", "warn"]), **more)

    return [counting("always"), *(one(f"g{number}") for number in range(dice.randrange(4)))]


@pytest.mark.parametrize("seed", range(40))
def test_no_sequence_without_a_number_ever_passes(seed: int) -> None:
    """And none convicts: what is bad is not known either."""
    dice = random.Random(seed)
    gates = some_gates(dice)
    watch = StepWatch(gates, dice.choice([0, 5, 20]), 60)
    ends = []
    for at in range(0, 200, 5):
        reading = watch.look(at, {one.name: dice.choice(NOTHING) for one in gates if dice.random() < 0.9})
        assert reading.verdict not in (Verdict.PASS, Verdict.FAIL)
        assert all(one.verdict not in (Verdict.PASS, Verdict.FAIL) for one in reading.readings)
        assert reading.progress == 0
        ends.append(reading.done)
    assert ends.index(True) == 60 / 5


@pytest.mark.parametrize("problem", range(len(NOTHING)))
def test_one_gate_without_a_number_is_enough_to_hold_all(problem: int) -> None:
    watch = StepWatch([counting("a"), counting("b")], 5, 30)
    for at in range(0, 30, 5):
        reading = watch.look(at, {"a": LETTERS["P"], "b": NOTHING[problem]})
        assert (reading.done, reading.progress) == (False, 0.0)
    last = watch.look(30, {"a": LETTERS["P"], "b": NOTHING[problem]})
    assert last.done and last.verdict not in (Verdict.PASS, Verdict.FAIL)


def test_every_short_sequence_passes_only_on_time_with_evidence() -> None:
    """All 5^6 of them: PASS needs as many seconds between good neighbours as the step takes; FAIL needs a breach."""
    for letters in itertools.product("PFINE", repeat=6):
        found = run(StepWatch([counting("g")], 15, 15), {"g": "".join(letters)})
        seen = letters[: len(found)]
        good = sum(5 for one, after in itertools.pairwise(seen) if one == after == "P")
        last = found[-1][1]
        assert last.progress == good
        assert last.done or len(found) == len(letters)
        assert (last.done and last.verdict is Verdict.PASS) == (good >= 15)
        assert (last.verdict is Verdict.FAIL) == ("F" in seen) == (seen[-1] == "F")


def some_looks(dice: random.Random, gates: list[Gate]) -> list[dict[str, Evidence]]:
    def one() -> Evidence:
        value = dice.choice([0.0, 0.01, 0.05, 0.0501, 0.5, None, math.nan])
        against, problem = dice.choice([0.0, 0.01, 0.4]), dice.choice(["", "", "", "", "nodata", "error", "several"])
        return Evidence(value, dice.choice([100, 30, 29, 0]), against, problem)

    return [{each.name: one() for each in gates if dice.random() < 0.95} for _ in range(30)]


@pytest.mark.parametrize("seed", range(40))
def test_the_order_of_gates_does_not_matter(seed: int) -> None:
    dice = random.Random(seed)
    gates = some_gates(dice)
    looks = some_looks(dice, gates)
    mixed = dice.sample(gates, len(gates))
    one, other = StepWatch(gates, 20, 30), StepWatch(mixed, 20, 30)
    for at, found in enumerate(looks):
        first, second = one.look(at * 5, found), other.look(at * 5, dict(reversed(found.items())))
        assert (first.verdict, first.done, first.progress) == (second.verdict, second.done, second.progress)
        assert sorted(first.readings, key=str) == sorted(second.readings, key=str)


@pytest.mark.parametrize("seed", range(10))
def test_the_same_evidence_says_the_same(seed: int) -> None:
    dice = random.Random(seed)
    gates = some_gates(dice)
    looks = some_looks(dice, gates)
    one, other = StepWatch(gates, 20, 30), StepWatch(gates, 20, 30)
    assert [one.look(at, found) for at, found in enumerate(looks)] == [
        other.look(at, dict(found)) for at, found in enumerate(looks)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_a_gate_more_never_passes_sooner(seed: int) -> None:
    dice = random.Random(seed)
    gates = [*some_gates(dice), counting("more")]
    looks = some_looks(dice, gates)
    fewer, all_of_them = StepWatch(gates[:-1], 20, 30), StepWatch(gates, 20, 30)
    for at, found in enumerate(looks):
        one, other = fewer.look(at * 5, found), all_of_them.look(at * 5, found)
        assert other.progress <= one.progress
        assert not (one.verdict is Verdict.FAIL and other.verdict is not Verdict.FAIL)


@pytest.mark.parametrize("seed", range(40))
def test_worse_is_never_told_better(seed: int) -> None:
    """More errors among the same requests do not turn a conviction into something else."""
    dice = random.Random(seed)
    rates = sorted(dice.random() * 0.2 for _ in range(20))
    requests = dice.choice([5, 29, 30, 500])
    verdicts = [
        GateWatch(gate(errors="e", total="t", minimum=30)).look(0, Evidence(rate, requests)).verdict for rate in rates
    ]
    first = next((place for place, one in enumerate(verdicts) if one is Verdict.FAIL), len(verdicts))
    assert all(one is Verdict.FAIL for one in verdicts[first:])
    assert Verdict.PASS not in verdicts[first:]
    if requests < 30:
        assert Verdict.PASS not in verdicts


def test_a_process_that_was_stopped_has_not_watched_meanwhile() -> None:
    """A laptop that slept, a job that was frozen: the pause between two good looks is no evidence."""
    step = StepWatch([gate()], 60, 300, longest=10)
    for at, progress in ((0, 0), (5, 5), (605, 15), (610, 20)):
        reading = step.look(at, {"g": Evidence(0.01)})
        assert (reading.done, reading.progress) == (False, progress)
