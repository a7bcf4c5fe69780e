"""The main job: a good version replaces the old, a bad one is taken back, and on-call goes back by hand."""
from __future__ import annotations

import json

import pytest

from tests.red.harness import Site


def test_a_good_version_replaces_the_old_and_goes_back_by_hand(site: Site) -> None:
    with site.load() as counts:
        good = site.release("1.4.0")
        assert good.code == 0, good.out
        assert site.version() == "1.4.0"
        assert site.revision() == 2 or site.state()["after"]["revision"] == site.revision()
        assert site.canary() == []
        assert site.weights() == {"shop": 1}
        assert site.state()["result"] == "released"

        status = site.play("status")
        assert "shop 1.4.0" in status.out and "can go back to: 1.0.0" in status.out

        back = site.play("rollback", extra={"target_journal": f"sqlite:///{site.place}/another.db"})
        assert back.code == 0, back.out
        assert site.version() == "1.0.0"
        again = site.play("rollback")
        assert again.code == 2 and "candidates" in again.out, "what was taken back is not taken back twice"
    assert json.loads(counts.read_text())["lost"] == 0


def test_a_bad_version_is_convicted_and_taken_back(site: Site) -> None:
    before = site.revision()
    with site.load() as counts:
        bad = site.release("1.5.0")
    assert bad.code == 2, bad.out
    assert "error rate" in bad.out and "> 5 %" in bad.out and "All traffic is on stable" in bad.out
    assert site.version() == "1.0.0" and site.revision() == before, "the Helm release was not touched"
    assert site.canary() == [] and site.weights() == {"shop": 1}
    assert site.state()["result"] == "taken_back"
    assert json.loads(counts.read_text())["lost"] == 0
    reports = list((site.place / "reports").glob("*.json"))
    assert [json.loads(path.read_text())["verdict"] for path in reports] == ["taken_back"]


def test_the_same_manifest_again_changes_nothing(site: Site) -> None:
    before = site.revision()
    run = site.release("1.0.0", extra={"helm_release_values": site.values()})
    assert run.code == 0, run.out
    assert "unchanged" in run.out and site.revision() == before and site.canary() == []


def test_rolling_replaces_the_old_in_its_place(site: Site) -> None:
    with site.load():
        run = site.release("1.4.0", extra={"helm_release_strategy": "rolling", "helm_release_bake": 3.0})
    assert run.code == 0, run.out
    assert site.version() == "1.4.0" and site.weights() == {"shop": 1}


def test_rolling_is_taken_back_when_its_gates_fail(site: Site) -> None:
    with site.load():
        run = site.release("1.5.0", extra={"helm_release_strategy": "rolling", "helm_release_bake": 10.0})
    assert run.code == 2, run.out
    assert "error rate" in run.out and site.version() == "1.0.0"


def test_check_prints_the_plan_and_changes_nothing(site: Site) -> None:
    before = site.fingerprint()
    run = site.release("1.4.0", "--check", "--diff")
    assert run.code == 0, run.out
    assert "plan:" in run.out and "shop-canary" in run.out and "would" in run.out
    assert site.fingerprint() == before



@pytest.mark.extended
def test_what_to_go_back_to_can_be_named(site: Site) -> None:
    """By version, by revision, by release; and what cannot be gone back to is answered with what can."""
    rolling = {"helm_release_strategy": "rolling", "helm_release_bake": 0.0}
    first = site.revision()
    assert site.release("1.4.0", extra=rolling).code == 0
    released = site.state()["history"][0]["release"]
    assert site.release("1.3.0", extra=rolling).code == 0
    unknown = site.play("rollback", extra={"rollback_to": "7.7.7"})
    assert unknown.code == 2 and "7.7.7" in unknown.out and f"revision {first}" in unknown.out, unknown.out
    for wish, version in (("1.0.0", "1.0.0"), (released, "1.4.0"), (str(first), "1.0.0")):
        run = site.play("rollback", extra={"rollback_to": wish})
        assert run.code == 0, run.out
        assert site.version() == version
