"""Five verdicts, kept apart to the end: what a person has to know first wins, and only PASS alone is PASS."""
from __future__ import annotations

import itertools
import json

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.analysis.verdict import WORST_FIRST, Verdict, join_all

P, F, I, N, E = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NODATA, Verdict.ERROR  # noqa: E741
SETS = [each for size in range(1, 6) for each in itertools.combinations(Verdict, size)]


@pytest.mark.parametrize(("verdicts", "joined"), [
    ([], N), ([P], P), ([F], F), ([I], I), ([N], N), ([E], E),
    ([P, P], P), ([P, F], F), ([P, I], I), ([P, N], N), ([P, E], E),
    ([I, N], N), ([I, E], E), ([N, E], E),
    ([F, E], F), ([F, N], F), ([F, I], F), ([P, I, N, E, F], F), ([P, I, N, E], E), ([P, I, N], N),
])  # fmt: skip
def test_the_worst_of_them(verdicts: list[Verdict], joined: Verdict) -> None:
    assert join_all(verdicts) is joined


@pytest.mark.parametrize("verdicts", SETS, ids=lambda each: "-".join(each))
def test_in_any_order(verdicts: tuple[Verdict, ...]) -> None:
    joined = {join_all(order) for order in itertools.permutations(verdicts)}
    assert len(joined) == 1
    assert joined == {join_all([*verdicts, *verdicts])}


@pytest.mark.parametrize("verdicts", SETS, ids=lambda each: "-".join(each))
def test_pass_is_what_all_of_them_say(verdicts: tuple[Verdict, ...]) -> None:
    assert (join_all(verdicts) is P) == (set(verdicts) == {P})
    assert (join_all(verdicts) is F) == (F in verdicts)


@pytest.mark.parametrize("verdicts", SETS, ids=lambda each: "-".join(each))
def test_in_two_goes_as_in_one(verdicts: tuple[Verdict, ...]) -> None:
    """Gates may be joined by side first and then together: it makes no difference."""
    for cut in range(1, len(verdicts)):
        assert join_all([join_all(verdicts[:cut]), join_all(verdicts[cut:])]) is join_all(verdicts)


def test_one_more_never_makes_it_better() -> None:
    for verdicts, more in itertools.product(SETS, Verdict):
        assert WORST_FIRST.index(join_all([*verdicts, more])) <= WORST_FIRST.index(join_all(verdicts))


def test_any_iterable_is_read_once() -> None:
    assert join_all(each for each in (P, N)) is N


def test_each_has_its_place() -> None:
    assert sorted(WORST_FIRST) == sorted(Verdict)
    assert len(set(WORST_FIRST)) == len(WORST_FIRST) == 5


def test_they_are_words_in_journals_and_reports() -> None:
    assert json.dumps(list(Verdict)) == '["PASS", "FAIL", "INCONCLUSIVE", "NODATA", "ERROR"]'
    assert Verdict("NODATA") is N
