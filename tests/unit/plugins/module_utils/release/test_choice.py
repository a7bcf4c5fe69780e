"""What a rollback goes back to, on any machine, from the release state and helm's history alone."""
from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Revision
from ansible_collections.releng.runbooks.plugins.module_utils.release import choice
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side, State
from tests.unit.plugins.module_utils.release import world

FOLDER = Path(__file__).parents[3] / "cases"
CASES = yaml.safe_load((FOLDER / "rollback_choice.yml").read_text())
FLEETS = yaml.safe_load((FOLDER / "rollback_fleet.yml").read_text())
INTERRUPTED = yaml.safe_load((FOLDER / "rollback_interrupted.yml").read_text())
NOW = datetime.datetime(2026, 1, 20, 12, 0, tzinfo=datetime.UTC)
FIELDS = ("release", "procedure", "result", "from", "from_revision", "version", "revision")


def helm(lines: list[Any]) -> list[Revision]:
    return [Revision(number, status, "shop-0.1.0", app, text) for number, status, text, app in lines]


def ended(lines: list[Any]) -> State | None:
    """The release state after the end of the newest of these."""
    if not lines:
        return None
    history = [
        {**dict(zip(FIELDS, line, strict=False)), "at": (NOW - datetime.timedelta(hours=line[-1])).isoformat()}
        for line in lines
    ]
    return world.state(release=history[0]["release"], phase="done", result=history[0]["result"], history=history)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_one_target(case: dict[str, Any]) -> None:
    def choose() -> choice.Choice:
        return choice.choose(
            ended(case.get("ours", [])), helm(case["history"]), case.get("wish", ""), case["newest"],
            case.get("hours", 72) * 3600.0, NOW, "shop-eu",
        )  # fmt: skip

    if "refused" in case:
        with pytest.raises(Refused) as raised:
            choose()
        places = [str(raised.value).find(text) for text in case["refused"]]
        assert -1 not in places and places == sorted(places), raised.value
        return
    chosen = choose()
    assert [chosen.kind, chosen.release, chosen.version, chosen.revision] == case["want"]
    assert chosen.reason
    assert chosen.group == ("stays" if chosen.kind == "none" else "wave_1")


@pytest.mark.parametrize("case", INTERRUPTED, ids=lambda case: case["name"])
def test_a_release_that_never_ended_has_one_way_back(case: dict[str, Any]) -> None:
    older, newer = Side("1.3.0", 2), Side("1.4.0", 3)
    before, after = (newer, older) if case["phase"] == "undoing" else (older, newer)
    state = world.state(
        phase=case["phase"], result=case.get("result", ""), before=before, after=after,
        history=[world.entry("a", at="2025-01-01T00:00:00+00:00")],
    )  # fmt: skip
    revisions = [world.revision(number) for number in (1, 2)] + [world.revision(3, "deployed")]

    def choose() -> choice.Choice:
        return choice.choose(state, revisions, case.get("wish", ""), "another", 0.0, NOW)

    if "refused" in case:
        with pytest.raises(Refused) as raised:
            choose()
        assert case["refused"] in raised.value.message and case["wish"] in raised.value.message
        assert raised.value.remedy.endswith("ansible-playbook playbooks/rollback.yml --limit shop-eu")
        return
    version, revision = case["want"]
    assert choose() == choice.Choice("interrupted", "r2", version, revision, case["reason"])


TEXTS = {"I": "Install complete", "U": "Upgrade complete"}


def stood(target: dict[str, Any]) -> tuple[State | None, list[Revision]]:
    """Release state and helm's history of a target of a fleet."""
    texts = [TEXTS.get(text, f"Rollback to {text[1:]}") for text in target["helm"]]
    revisions = [
        world.revision(number, "deployed" if number == len(texts) else "superseded", text)
        for number, text in enumerate(texts, 1)
    ]
    history = []
    for release, procedure, result, former, number, hours, undoes in target.get("ours", []):
        at = (NOW - datetime.timedelta(hours=hours)).isoformat()
        made = world.entry(
            release, procedure=procedure, result=result, revision=number, at=at, from_revision=former,
        )
        history.append({**made, **({"undoes": undoes} if undoes else {})})
    if "open" in target:
        release, phase, hours, undoes = target["open"]
        updated = (NOW - datetime.timedelta(hours=hours)).isoformat()
        return world.state(
            release=release, phase=phase, updated=updated, undoes=undoes, history=history
        ), revisions
    last = history[0] if history else None
    return (world.state(phase="done", result=last["result"], history=history) if last else None), revisions


@pytest.mark.parametrize("case", FLEETS, ids=lambda case: case["name"])
def test_several_targets(case: dict[str, Any]) -> None:
    found = {name: stood(target) for name, target in case["targets"].items()}
    newest = choice.newest(one for state, _revisions in found.values() if (one := choice.latest(state)))
    chosen = {
        name: choice.choose(state, revisions, "", newest, 86400.0, NOW) for name, (state, revisions) in found.items()
    }
    assert {name: one.kind for name, one in chosen.items() if one.kind != "none"} == case["back"]


def test_b_was_released_now_and_a_twenty_days_ago() -> None:
    """Two targets of one inventory: only that of B goes back, and the release of A is not even a question."""
    revisions = [world.revision(1), world.revision(2, "deployed")]
    shop = world.state(target="shop-eu", phase="done", result="released", history=[
        world.entry("a", at=(NOW - datetime.timedelta(days=20)).isoformat()),
    ])  # fmt: skip
    cart = world.state(target="cart-eu", phase="done", result="released", history=[
        world.entry("b", at=(NOW - datetime.timedelta(minutes=5)).isoformat()),
    ])  # fmt: skip
    newest = choice.newest(choice.latest(one) for one in (shop, cart))
    assert newest == "b"
    chosen = [choice.choose(one, revisions, "", newest, 86400.0, NOW) for one in (shop, cart)]
    assert [one.kind for one in chosen] == ["none", "finished"]
    assert chosen[0].reason == "the newest release, b, has no part in what runs here"


def test_going_back_twice_changes_nothing_the_second_time() -> None:
    """The second run looks at what the first one left: nothing of the release it took back runs any more."""
    revisions = [world.revision(1), world.revision(2), world.revision(3, "deployed", "Rollback to 1")]
    state = world.state(phase="done", result="taken_back", history=[
        world.entry("rb", procedure="rollback", result="taken_back", version="1.2.0", revision=3, **{
            "from": "1.3.0", "from_revision": 2,
        }), world.entry("r1"),
    ])  # fmt: skip
    assert choice.undoable(state, revisions) is None
    chosen = choice.choose(state, revisions, "", choice.newest([]), 1e9, NOW)
    assert (chosen.kind, chosen.reason) == ("none", "there was no release yet")


def test_the_newest_is_told_by_the_clock_of_the_cluster_and_then_by_its_name() -> None:
    first, later = "2026-01-02T03:00:00+00:00", "2026-01-02T03:00:01+00:00"
    assert choice.newest([world.entry("z", at=first), world.entry("a", at=later)]) == "a"
    assert choice.newest([world.entry("a", at=first), world.entry("z", at=first)]) == "z"
    assert choice.newest([]) == ""


def test_what_was_taken_back_is_as_new_as_it_was_then() -> None:
    undone = world.entry("rb", procedure="rollback", result="taken_back", at="2026-01-03T00:00:00+00:00", undoes="r1")
    other = world.entry("r0", at="2026-01-01T00:00:00+00:00")
    ended = world.state(phase="done", result="taken_back", history=[undone, world.entry("r1"), other])
    assert choice.latest(ended) == {"release": "r1", "at": world.entry("r1")["at"]}
    led_out = world.state(phase="done", result="taken_back", history=[undone, other])
    assert choice.latest(led_out) == {"release": "r1", "at": undone["at"]}
    assert choice.latest(world.state(updated="2026-01-04T00:00:00+00:00")) == {
        "release": "r2", "at": "2026-01-04T00:00:00+00:00",
    }
    assert choice.latest(None) == choice.latest(world.state(phase="done", result="released")) == {}


def test_candidates_are_the_good_revisions_before_the_current_one() -> None:
    state = world.state(history=[
        world.entry("c", version="1.4.0", revision=5, **{"from": "1.3.0", "from_revision": 4}),
        world.entry("b", version="1.3.0", revision=4, **{"from": "1.2.0", "from_revision": 3}),
    ])  # fmt: skip
    revisions = [
        world.revision(1, app="0.9.0"), world.revision(2, "failed", 'Upgrade "shop" failed: timed out'),
        world.revision(3), world.revision(4), world.revision(5, "deployed"),
    ]
    assert choice.candidates(state, revisions) == [
        {"revision": 4, "version": "1.3.0", "release": "b"},
        {"revision": 3, "version": "1.2.0", "release": ""},
        {"revision": 1, "version": "0.9.0", "release": ""},
    ]
    assert choice.candidates(None, revisions[:1]) == []
    assert choice.candidates(None, []) == []


def test_candidates_are_told_and_the_first_of_them_has_a_command() -> None:
    options = [{"revision": number, "version": f"1.{number}.0", "release": ""} for number in range(9, 2, -1)]
    assert choice.told(options) == ", ".join(f"1.{number}.0 (revision {number})" for number in range(9, 4, -1))
    assert choice.told([{"revision": 1, "version": "", "release": ""}]) == "unknown (revision 1)"
    assert choice.told([]) == "none"
    assert choice.command(options) == "To go back: ansible-playbook playbooks/rollback.yml -e rollback_to=9"
    assert choice.command(options, "shop-eu") == (
        "To go back: ansible-playbook playbooks/rollback.yml --limit shop-eu -e rollback_to=9"
    )
    assert "--limit 'shop eu;id'" in choice.command(options, "shop eu;id")
    assert choice.command([], "shop-eu") == ""


def test_a_hint_names_candidates_and_the_command() -> None:
    revisions = [world.revision(1), world.revision(2, "deployed")]
    assert choice.hint(None, revisions, "shop-eu") == (
        "candidates: 1.0.0 (revision 1). "
        "To go back: ansible-playbook playbooks/rollback.yml --limit shop-eu -e rollback_to=1"
    )
    assert choice.hint(None, [], "shop-eu") == "candidates: none."


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (7500, "2 h 5 min"),
    (86400, "1 d 0 h"), (273600, "3 d 4 h"),
])  # fmt: skip
def test_spans_of_time(seconds: float, text: str) -> None:
    assert choice.span(seconds) == text
