"""Errors are one sentence, a remedy and a few facts."""
from __future__ import annotations

import pickle

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils import errors
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, RunbookError

KINDS = [
    "Refused", "Overtaken", "Unreachable", "NotFound", "Conflict", "Denied", "TimedOut", "MissingLibrary",
]  # fmt: skip


def test_the_remedy_follows_the_message() -> None:
    error = RunbookError("It is held.", "Wait.", holder="ann", age=3)
    assert (str(error), error.message, error.remedy) == ("It is held. Wait.", "It is held.", "Wait.")
    assert error.facts == {"holder": "ann", "age": 3}


def test_without_a_remedy_it_is_the_message_alone() -> None:
    assert str(RunbookError("It is held.")) == "It is held."
    assert RunbookError("It is held.").facts == {}


@pytest.mark.parametrize("name", KINDS)
def test_all_are_of_one_family_and_none_is_a_child_of_another(name: str) -> None:
    kind = getattr(errors, name)
    assert kind.__bases__ == (RunbookError,)
    assert kind.__doc__


def test_they_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(Conflict("It is there.", "Read it.", status=409)))
    assert (type(error), error.message, error.facts) == (Conflict, "It is there.", {"status": 409})
