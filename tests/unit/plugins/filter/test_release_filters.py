"""Filters of playbooks: who takes part, who goes on, how it ended; and their examples, run as they stand there."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2.nativetypes
import pytest
import yaml
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.releng.runbooks.plugins.filter import release as filters

ROOT = Path(__file__).parents[4]
CASES = yaml.safe_load((ROOT / "tests/unit/cases/release_filters.yml").read_text())
ALL = filters.FilterModule().filters()
SIDECARS = sorted((ROOT / "plugins/filter").glob("*.yml"))


def hostvars(hosts: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Variables of hosts with these fates, each with its reason behind a bar."""
    found: dict[str, dict[str, Any]] = {}
    for host, text in hosts.items():
        fate, _bar, reason = text.partition("|")
        marks = {"__mark_fate": fate, "__mark_reason": reason}
        found[host] = {key: value for key, value in marks.items() if value}
    return found


def cases(*names: str) -> Any:
    listed = [(name, case) for name in names for case in CASES[name]]
    return pytest.mark.parametrize(("name", "case"), listed, ids=[f"{name}: {case['name']}" for name, case in listed])


@cases("stands_aside", "fate", "fate_reason", "went_back")
def test_of_a_host_among_others(name: str, case: dict[str, Any]) -> None:
    assert ALL[name](hostvars(case["hosts"]), case["host"]) == case["want"]


def test_a_rollback_that_found_nothing_says_what_can_be_typed() -> None:
    told = "nothing to take back here: the newest release, b, has no part in what runs here; candidates: none."
    variables = {"a": {"__rollback_chosen": {"told": told}}, "b": {"__mark_fate": "taken_back"}}
    assert filters.fate_reason(variables, "a") == f"refused: {told}", "that b went back is no failure"
    assert filters.fate_reason({"a": variables["a"]}, "a") == f"refused: {told}"


@cases("going", "wave_sizes")
def test_of_the_groups_that_the_checks_made(name: str, case: dict[str, Any]) -> None:
    assert ALL[name](case["groups"]) == case["want"]


@cases("failure_reason")
def test_of_the_result_of_a_task(name: str, case: dict[str, Any]) -> None:
    assert ALL[name](case["result"]) == case["want"]


def test_a_long_reason_is_cut() -> None:
    assert filters.failure_reason({"msg": "x" * 1000}) == "x" * 400


@cases("in_release")
def test_of_what_a_release_names(name: str, case: dict[str, Any]) -> None:
    variables = {
        host: {"release_versions": case["versions"], **({"release_service": service} if service else {})}
        for host, service in case["services"].items()
    }
    assert ALL[name](variables, case["host"]) is case["want"]


def test_an_inventory_without_versions_asks_everybody() -> None:
    assert filters.in_release({"a": {}, "b": {}}, "a")


# The newest release


def standing(release: str, at: str) -> dict[str, Any]:
    return {"__rollback_standing": {"latest": {"release": release, "at": at}}}


def test_the_newest_release_is_found_among_all_targets() -> None:
    found = {
        "a": standing("r1", "2026-01-01T00:00:00+00:00"), "b": standing("r2", "2026-01-21T00:00:00+00:00"),
        "c": {"__rollback_standing": {"latest": {}}}, "d": {"__rollback_standing": {"failed": True}}, "e": {},
    }  # fmt: skip
    assert filters.newest_release(found, list(found)) == "r2"
    assert filters.newest_release(found, ["a", "c"]) == "r1", "only hosts that are asked for count"
    assert filters.newest_release(found, ["c", "d", "e"]) == ""
    assert filters.newest_release(found, []) == ""


# The whole run

GROUPS = {"all": ["shop-eu", "cart-eu"], "prod": ["shop-eu"], "ungrouped": []}


@pytest.mark.parametrize("given", [
    {}, {"tags": ["all"]}, {"subset": "shop-eu"}, {"subset": "prod:!cart-eu"}, {"subset": None, "skip_tags": []},
])  # fmt: skip
def test_a_whole_run_goes_on(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(given))
    assert filters.whole_run(GROUPS) == "all"
    assert filters.whole_run(GROUPS, "prod") == "prod"


@pytest.mark.parametrize(("given", "words"), [
    ({"tags": ["canary"]}, ["--tags canary would leave steps out"]),
    ({"skip_tags": ["always"]}, ["--skip-tags always"]),
    ({"start_at_task": "Verify"}, ["--start-at-task 'Verify'"]),
    ({"step": True}, ["--step"]),
    ({"subset": "shop-ue"}, ["--limit shop-ue matches no target and no group", "cart-eu, prod, shop-eu"]),
    ({"subset": "sohp-eu", "tags": ["x"]}, ["--tags x", "--limit sohp-eu", "shop-eu"]),
])  # fmt: skip
def test_a_part_of_a_run_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], words: list[str]) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(given))
    with pytest.raises(AnsibleFilterError) as raised:
        filters.whole_run(GROUPS)
    for text in words:
        assert text in str(raised.value)


# Documentation

VARIABLES: dict[str, Any] = {
    "groups": {**GROUPS, "wave_1": ["shop-eu"]}, "inventory_hostname": "shop-eu", "ansible_play_hosts": ["shop-eu"],
    "ansible_failed_result": {"msg": "It broke."},
    "hostvars": {
        "shop-eu": {"__mark_fate": "taken_back", "__mark_reason": "It broke.", "release_versions": {"shop-eu": "1"},
                    **standing("r1", "2026-01-01T00:00:00+00:00")},
        "cart-eu": {"release_versions": {"shop-eu": "1"}},
    },
}  # fmt: skip
YIELDS: dict[str, Any] = {
    "failure_reason": "It broke.", "fate": "taken_back", "fate_reason": "taken back: It broke.", "going": "wave_1",
    "in_release": True, "newest_release": "r1", "stands_aside": True, "wave_sizes": [1], "went_back": True,
    "whole_run": "all",
}  # fmt: skip


def test_every_filter_has_its_page_and_every_page_its_filter() -> None:
    assert [path.stem for path in SIDECARS] == sorted(ALL) == sorted(YIELDS)


@pytest.mark.parametrize("path", SIDECARS, ids=lambda path: path.stem)
def test_its_examples_run(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict())
    page = yaml.safe_load(path.read_text())
    environment = jinja2.nativetypes.NativeEnvironment(undefined=jinja2.StrictUndefined)
    environment.filters.update({f"releng.runbooks.{name}": one for name, one in ALL.items()})
    for text in yaml.safe_load(page["EXAMPLES"]).values():
        found = environment.from_string(text).render(VARIABLES)
        assert found == YIELDS[path.stem]
        kind = {"str": str, "bool": bool, "list": list}[page["RETURN"]["_value"]["type"]]
        assert isinstance(found, kind)
