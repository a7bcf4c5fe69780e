"""Inputs that are refused: one sentence that names variable, value, what is allowed and where it was set."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.inputs import check_inputs
from tests.unit.plugins.module_utils.checks.world import GATE, World


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("helm_release_strategy", "canry", "did you mean 'canary'?"),
        ("helm_release_strategy", "blue", "allowed: canary, rolling"),
        ("canary_shift_steps", [], "canary_shift_steps is []"),
        ("canary_shift_steps", [10, 50], "the last one 100"),
        ("canary_shift_steps", [50, 10, 100], "rising"),
        ("canary_shift_steps", [10, 10, 100], "rising"),
        ("canary_shift_steps", [-5, 100], "from 1 to 100"),
        ("canary_shift_steps", [0, 100], "from 1 to 100"),
        ("canary_shift_steps", [10, 101], "from 1 to 100"),
        ("canary_shift_steps", [10.5, 100], "whole per cent"),
        ("canary_shift_steps", [True, 100], "whole per cent"),
        ("canary_shift_steps", ["10", 100], "a text among the weights"),
        ("canary_shift_steps", "10,50,100", "whole per cent"),
        ("canary_shift_steps", [{"share": 10}, {"share": "50"}], "a text among the weights"),
        ("canary_shift_steps", [None, 100], "whole per cent"),
        ("canary_shift_return_steps", [0, 50], "falling"),
        ("canary_shift_return_steps", [50], "the last one 0"),
        ("canary_shift_return_steps", [100, 0], "from 99 to 0"),
        ("release_gates", [], "at least one gate with severity abort"),
        ("release_gates", {"name": "x"}, "a list of gates"),
        ("release_gates", [{**GATE, "severity": "warn"}], "judge nothing while shifting, baking, returning"),
        ("release_gates", [{**GATE, "phases": ["shifting"]}], "judge nothing while baking, returning"),
        ("release_gates", [{**GATE, "breech": "> 1 %"}], "release_gates[1]"),
        ("release_gates", ["x"], "release_gates[1]"),
        ("release_gates", [GATE, GATE], "a name of its own for each gate"),
        ("verify_health_probes", [{"name": "h", "service": "shop"}], "port has to be set"),
        ("verify_health_probes", [{"name": "h", "prot": 1}], "did you mean 'port'?"),
        ("verify_health_probes", ["x"], "verify_health_probes[1]"),
        ("verify_health_probes", {}, "a list of probes"),
        ("helm_release_timeout", 0, "a number above 0"),
        ("helm_release_timeout", -1.0, "a number above 0"),
        ("helm_release_timeout", "5m", 'helm_release_timeout is "5m"'),
        ("helm_release_timeout", True, "a number above 0"),
        ("canary_shift_step_duration", 0, "a number above 0"),
        ("canary_shift_drain", -1, "from 0 on"),
        ("canary_shift_drain", float("nan"), "from 0 on"),
        ("helm_release_timeout", float("inf"), "a number above 0"),
        ("release_versions", ["shop"], "a mapping of services to versions"),
        ("release_versions", {"shop": "1.4.0", "crat": "1"}, "did you mean 'cart'?"),
    ],
)
def test_refused(world: World, variable: str, value: Any, said: str) -> None:
    world.variables[variable] = value
    found = check_inputs(world.context())
    assert [one.level for one in found] == ["refuse"]
    assert said in found[0].message
    assert variable in found[0].message


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (1.20, "YAML reads 1.20 as the number 1.2"),
        (7, "is 7"),
        (None, "is null"),
        ("", 'is ""'),
        ("1.4.0; rm -rf x", "letters, digits"),
        ("$(id)", "letters, digits"),
        ("1.4`id`", "letters, digits"),
        ("../x", "letters, digits"),
        ("-1", "the first a letter or a digit"),
        ("1.4.0\n", "letters, digits"),
        ("a" * 129, "at most 128"),
    ],
)
def test_versions_that_are_refused(world: World, version: Any, said: str) -> None:
    world.version = world.variables["release_versions"]["shop"] = version
    (found,) = check_inputs(world.context())
    assert found.variable == "release_versions.shop"
    assert said in found.message


@pytest.mark.parametrize("version", ["1.4.0", "v1.4.0-rc.1", "2026.11_x", "1.4.0+build7", "a" * 128, "1.20"])
def test_versions_that_are_fine(world: World, version: str) -> None:
    world.version = world.variables["release_versions"]["shop"] = version
    assert check_inputs(world.context()) == []


def test_a_number_is_quoted_in_the_remedy(world: World) -> None:
    world.version = world.variables["release_versions"]["shop"] = 1.2
    assert '{"shop": "1.2"}' in check_inputs(world.context())[0].remedy


def test_a_service_that_is_not_named(world: World) -> None:
    world.variables["release_versions"], world.version = {"cart": "1.0"}, None
    assert "a version of shop" in check_inputs(world.context())[0].message


def test_where_it_was_set_is_named(world: World) -> None:
    world.variables["canary_shift_steps"] = [50]
    message = check_inputs(world.context())[0].message
    assert message == (
        "canary_shift_steps is [50] (set in inventories/prod/group_vars/all/canary_shift.yml:3); "
        "allowed: whole per cent from 1 to 100 as numbers, rising, the last one 100."
    )


def test_a_secret_is_not_shown(world: World) -> None:
    world.variables["canary_shift_steps"] = ["hunter2"]
    found = check_inputs(world.context(secrets=["canary_shift_steps"]))[0]
    assert "********" in found.message
    assert "hunter2" not in str(found.as_dict())


def test_what_only_a_canary_needs_is_not_asked_of_rolling(world: World) -> None:
    world.variables |= {"helm_release_strategy": "rolling", "canary_shift_steps": [], "release_gates": []}
    assert check_inputs(world.context()) == []


def test_a_step_may_carry_more_than_its_share(world: World) -> None:
    world.variables["canary_shift_steps"] = [{"share": 10, "requests": 100}, 100]
    assert check_inputs(world.context()) == []
