"""The release state: what is kept, who may write it, and what is said of one that cannot be read."""
from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Conflict, Overtaken, Refused, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGED_BY, OWNER_LABEL, RELEASE_LABEL
from ansible_collections.releng.runbooks.plugins.module_utils.release import state as states
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side, State
from tests.unit.fake_kube import FakeKube

NAME = "release-shop"


def state(**changes: Any) -> State:
    return dataclasses.replace(
        State(
            target="shop-eu", service="shop", release="20260102T030405Z-abc123", procedure="release", strategy="canary",
            phase="shifting", token=7, by="ann@laptop", started="2026-01-02T03:04:05+00:00",
            before=Side("1.0.0", 3, "d1", "sh.helm.release.v1.shop.v3"), after=Side("1.1.0"),
            route={"kind": "HTTPRoute", "name": "shop", "resting": [{"rule": 0, "backendRefs": [{"name": "shop"}]}]},
            weights={"stable": 90, "canary": 10}, way_back=[{"op": "test", "path": "/a", "value": "7"}],
            pinned=[{"kind": "HorizontalPodAutoscaler", "name": "shop", "patch": {"spec": {"minReplicas": 2}}}],
        ), **changes,
    )  # fmt: skip


def stored(kube: FakeKube) -> dict[str, Any]:
    found = kube.peek("ConfigMap", NAME)
    assert found is not None
    return found


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


def test_nothing_was_ever_released_here(kube: FakeKube) -> None:
    assert states.load(kube, "shop") is None


def test_what_was_saved_is_loaded(kube: FakeKube) -> None:
    states.save(kube, "shop", state())
    assert states.load(kube, "shop") == state()
    changed = state(phase="baking", weights={"stable": 0, "canary": 100}, result="", direction="back")
    states.save(kube, "shop", changed)
    assert states.load(kube, "shop") == changed


def test_people_and_guards_find_the_keys_beside_it(kube: FakeKube) -> None:
    states.save(kube, "shop", state(phase="promoting"))
    data = stored(kube)["data"]
    assert {key: data[key] for key in ("release", "phase", "safe_side")} == {
        "release": "20260102T030405Z-abc123", "phase": "promoting", "safe_side": "canary",
    }  # fmt: skip
    assert json.loads(data["way_back.json"]) == state().way_back
    assert json.loads(data["state.json"])["schema"] == states.SCHEMA
    assert stored(kube)["metadata"]["labels"] == {**MANAGED_BY, RELEASE_LABEL: "20260102T030405Z-abc123"}


def test_labels_and_annotations_of_others_stay(kube: FakeKube) -> None:
    states.save(kube, "shop", state())
    kube.edit("ConfigMap", NAME, lambda obj: obj["metadata"].update(annotations={"a": "b"}))
    kube.edit("ConfigMap", NAME, lambda obj: obj["metadata"]["labels"].update(team="x"))
    states.save(kube, "shop", state(release="next"))
    assert stored(kube)["metadata"]["annotations"] == {"a": "b"}
    assert stored(kube)["metadata"]["labels"] == {**MANAGED_BY, RELEASE_LABEL: "next", "team": "x"}


# Who may write


def test_an_older_token_is_refused_and_changes_nothing(kube: FakeKube) -> None:
    states.save(kube, "shop", state(token=8, release="newer", by="bob@desk"))
    before = stored(kube)
    with pytest.raises(Overtaken, match="token 8, ours is 7: release newer by bob@desk has taken over") as raised:
        states.save(kube, "shop", state(token=7))
    assert raised.value.facts == {"expected": 7, "found": 8}
    assert stored(kube) == before


@pytest.mark.parametrize("token", [7, 8])
def test_the_same_and_a_higher_token_may_write(kube: FakeKube, token: int) -> None:
    states.save(kube, "shop", state())
    states.save(kube, "shop", state(token=token, phase="baking"))
    loaded = states.load(kube, "shop")
    assert loaded is not None and (loaded.token, loaded.phase) == (token, "baking")


def test_a_newer_run_that_comes_in_between_wins(kube: FakeKube) -> None:
    states.save(kube, "shop", state())

    def take_over(them: FakeKube) -> None:
        newer = states.render("shop", "shop", state(token=8, release="newer"))
        them.edit("ConfigMap", NAME, lambda obj: obj.update(data=newer["data"]))

    kube.on("replace", take_over)
    with pytest.raises(Overtaken, match="release newer"):
        states.save(kube, "shop", state(phase="baking"))


def test_two_that_create_it_at_once(kube: FakeKube) -> None:
    kube.on("create", lambda them: them.add(states.render("shop", "shop", state(token=6))))
    states.save(kube, "shop", state())
    loaded = states.load(kube, "shop")
    assert loaded is not None and loaded.token == 7


def test_a_state_that_changes_all_the_time_is_given_up(kube: FakeKube) -> None:
    states.save(kube, "shop", state())
    kube.on("replace", lambda them: them.edit("ConfigMap", NAME, lambda obj: obj.update(x=len(them.calls))), times=99)
    with pytest.raises(Conflict, match="not saved in 5 attempts"):
        states.save(kube, "shop", state())


def test_saving_again_after_a_lost_answer_is_harmless(kube: FakeKube) -> None:
    kube.fail_next("create", Unreachable("no answer"), after=True)
    with pytest.raises(Unreachable):
        states.save(kube, "shop", state())
    states.save(kube, "shop", state())
    assert states.load(kube, "shop") == state()


def test_a_config_map_of_somebody_else_is_left_alone(kube: FakeKube) -> None:
    kube.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, "data": {"mine": "1"}})
    for act in (lambda: states.load(kube, "shop"), lambda: states.save(kube, "shop", state())):
        with pytest.raises(Refused, match=f"{NAME} is not a release state: it lacks the label {OWNER_LABEL}"):
            act()
    assert stored(kube)["data"] == {"mine": "1"}


# What cannot be read


def _set(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data.update(changes)


@pytest.mark.parametrize(("edit", "says"), [
    (_set(schema=2), "has schema 2; this version of releng.runbooks reads 1"),
    (lambda data: data.pop("schema"), "has schema None"),
    (_set(phase="flying"), "phase is 'flying', allowed are checked"),
    (_set(result="lost"), "result is 'lost', allowed are released"),
    (_set(color="red"), "color is unknown"),
    (_set(token="7"), "token is '7', not int"),
    (_set(token=True), "token is True, not int"),
    (_set(history={}), "history is {}, not list"),
    (_set(after={"version": 1}), "version is 1, not str"),
    (_set(after="1.1.0"), "after is '1.1.0', not Side"),
    (lambda data: data.pop("token"), "token is missing"),
])  # fmt: skip
def test_a_state_edited_by_hand_says_what_is_wrong(
    kube: FakeKube, edit: Callable[[dict[str, Any]], object], says: str
) -> None:
    states.save(kube, "shop", state())
    data = json.loads(stored(kube)["data"]["state.json"])
    edit(data)
    kube.edit("ConfigMap", NAME, lambda obj: obj["data"].update({"state.json": json.dumps(data)}))
    before = stored(kube)
    with pytest.raises(Refused) as raised:
        states.load(kube, "shop")
    assert says in raised.value.message
    assert raised.value.remedy
    with pytest.raises(Refused):
        states.save(kube, "shop", state())
    assert stored(kube) == before


@pytest.mark.parametrize(("data", "says"), [
    ({}, "it is missing"), (None, "it is missing"), ({"state.json": "[]"}, "it is not an object"),
    ({"state.json": "{"}, "Expecting property name"),
])  # fmt: skip
def test_what_is_no_state_at_all(kube: FakeKube, data: dict[str, str] | None, says: str) -> None:
    states.save(kube, "shop", state())
    kube.edit("ConfigMap", NAME, lambda obj: obj.update(data=data))
    with pytest.raises(Refused, match=says) as raised:
        states.load(kube, "shop")
    assert raised.value.remedy == f"Show it: kubectl -n shop get configmap {NAME} -o yaml"


def test_a_manifest_does_not_get_in(kube: FakeKube) -> None:
    with pytest.raises(Refused, match="manifest is a name"):
        states.save(kube, "shop", state(before=Side(manifest="kind: Secret\ndata: {}")))
    assert kube.names("ConfigMap") == []


def test_a_phase_that_does_not_exist_is_not_written(kube: FakeKube) -> None:
    with pytest.raises(Refused, match="phase is 'flying'"):
        states.save(kube, "shop", state(phase="flying"))
    assert kube.names("ConfigMap") == []


# The end


@pytest.mark.parametrize(("result", "phase", "way_back"), [
    ("released", "done", []), ("taken_back", "done", []), ("stuck", "shifting", state().way_back),
])  # fmt: skip
def test_what_is_left_after_the_end(result: str, phase: str, way_back: list[dict[str, Any]]) -> None:
    before = state()
    ended = states.finish(before, result, "why", "2026-01-02T04:00:00+00:00")
    assert (ended.phase, ended.way_back, ended.result, ended.reason) == (phase, way_back, result, "why")
    assert before == state()
    assert ended.history == [{
        "release": "20260102T030405Z-abc123", "procedure": "release", "version": "1.1.0", "revision": 0, "digest": "",
        "at": "2026-01-02T04:00:00+00:00", "by": "ann@laptop", "result": result, "from": "1.0.0", "from_revision": 3,
    }]  # fmt: skip


def test_a_result_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused, match="Result 'fine' does not exist; allowed are released, taken_back, stuck"):
        states.finish(state(), "fine", "", "")


def test_the_history_keeps_the_last_ten_newest_first() -> None:
    current = state()
    for number in range(13):
        current = dataclasses.replace(current, release=f"r{number}", result="")
        current = states.finish(current, "released", "", str(number))
    assert [one["release"] for one in current.history] == [f"r{number}" for number in range(12, 2, -1)]


def test_the_same_release_is_in_the_history_once() -> None:
    stuck = states.finish(state(history=[{"release": "before"}]), "stuck", "", "1")
    led_out = states.finish(stuck, "taken_back", "", "2")
    assert [(one["release"], one.get("result")) for one in led_out.history] == [
        ("20260102T030405Z-abc123", "taken_back"), ("before", None),
    ]  # fmt: skip


def test_a_rollback_says_which_release_it_took_back() -> None:
    assert "undoes" not in states.finish(state(), "released", "", "1").history[0]
    assert states.finish(state(undoes="r1"), "taken_back", "", "1").history[0]["undoes"] == "r1"


def test_a_release_that_found_nothing_to_do_leaves_the_history_alone() -> None:
    before = state(history=[{"release": "before"}])
    ended = states.ended_without_change(before, "1.0.0 runs already", "2026-01-02T04:00:00+00:00")
    assert (ended.result, ended.phase, ended.way_back) == ("released", "done", [])
    assert ended.history == [{"release": "before"}]
    assert (ended.after.revision, ended.after.version) == (3, "1.1.0")


def test_it_stays_small(kube: FakeKube) -> None:
    """A ConfigMap holds 1 MiB; a route with the most rules that the API allows, and a full history, is far below."""
    refs = [{"group": "", "kind": "Service", "name": "s" * 63, "port": 8080, "weight": 100000}] * 16
    rules = [{"rule": rule, "backendRefs": copy.deepcopy(refs)} for rule in range(16)]
    full = state(
        route={"resting": rules}, way_back=[{"op": "replace", "path": "/x", "value": rule} for rule in rules],
        reason="r" * 500, history=[states.finish(state(), "released", "", "t").history[0]] * 10,
    )  # fmt: skip
    states.save(kube, "shop", full)
    assert len(json.dumps(stored(kube))) < 256 * 1024
    assert states.load(kube, "shop") == full
