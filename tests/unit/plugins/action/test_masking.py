"""What the specification calls a secret is never shown, in whichever way a door might give it away."""
from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.plugins.action.stage import Ask, Asked, Stage

TOKEN, HEADER, KEY = "lynx-and-owl", "heron-and-hare", "newt-and-toad"
SECRETS = {"token": TOKEN, "headers": {"Authorization": HEADER}, "inside": {"keys": [KEY]}}
MASK = "********"
GIVEN = str({"headers": {"Authorization": MASK}, "inside": {"keys": [MASK]}, "token": MASK, "share": None})
WAYS: dict[str, dict[str, Any]] = {
    **{way: {"how": way, **SECRETS} for way in ("returns", "says", "refuses", "breaks", "is no JSON")},
    "type": {"how": "returns", **SECRETS, "share": TOKEN},
    "choice": {**SECRETS, "how": TOKEN},
    "mapping": {**SECRETS, "how": "returns", "headers": HEADER},
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    with Stage(tmp_path_factory.mktemp("masking"), []) as stage:
        asks = {"tell": {way: Ask(given, {"diff": True}) for way, given in WAYS.items()}}
        return stage.ask("tell", asks, "-vvv", collection="", ANSIBLE_DISPLAY_TRACEBACK="error")


@pytest.mark.parametrize("secret", [TOKEN, HEADER, KEY])
def test_it_is_printed_nowhere(asked: Asked, secret: str) -> None:
    assert secret not in asked.out


@pytest.mark.parametrize("way", WAYS)
def test_it_is_registered_nowhere(asked: Asked, way: str) -> None:
    told = str(asked.answers["tell"][way].result)
    assert not [secret for secret in (TOKEN, HEADER, KEY) if secret in told]


def test_what_is_no_secret_is_shown(asked: Asked) -> None:
    answers = asked.answers["tell"]
    assert f"[tell] given {GIVEN}" in asked.out
    assert answers["refuses"].msg == "The token ******** is not accepted. Try {'Authorization': '********'}."
    assert answers["returns"].result["told"] == f"given {GIVEN}"
    assert answers["type"].msg == "tell: argument 'share' is of type str, which is no int."


def test_a_defect_is_a_failure_like_any_other(asked: Asked) -> None:
    """Its message is a sentence; its place is told where one asks for it."""
    answers = asked.answers["tell"]
    assert answers["breaks"].msg == f"tell: unexpected ValueError: given {GIVEN}"
    assert answers["is no JSON"].msg.startswith("tell: unexpected TypeError: ")
    assert all("Traceback" not in answers[way].msg for way in WAYS)
    assert re.search(r'tell\.py", line \d+, in work\n', asked.out)
    assert asked.counted("tell")["rescued"] == 6
