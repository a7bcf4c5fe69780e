"""What people write, checked strictly, with the real templates of Ansible and the real roles."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.releng.runbooks.plugins.plugin_utils import inputs

ROLES = ["target", "release", "helm_release", "precheck", "canary_shift", "verify_health"]
GROUPS = ["kubernetes", "wave_1"]
HOSTS = ["shop-eu", "shop-us", "cart"]


def template(variables: dict[str, Any], value: Any) -> Any:
    return Templar(loader=DataLoader(), variables=variables).template(value)


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Checks the text of a file of variables, which lies at ``group_vars/all.yml`` below the working directory."""

    def checked(text: str, roles: list[str] = ROLES) -> inputs.Inputs:
        path = tmp_path / "group_vars" / "all.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        monkeypatch.chdir(tmp_path)
        found = DataLoader().load_from_file(str(path), cache="none", trusted_as_template=True)
        return inputs.validate(roles, {"inventory_hostname": "shop", **(found or {})}, template)

    return checked


def test_defaults_alone_are_fine(check: Any) -> None:
    given = check("helm_release_chart: charts/shop\n")
    assert given.problems == []
    assert given.variables["canary_shift_steps"] == [10, 50, 100]
    assert given.variables["helm_release_target"]["release"] == "shop"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('canary_shift_steps: ["10", 100]', ["canary_shift_steps is", 'item 1 is "10"', "whole numbers", "all.yml:1"]),
        ("canary_shift_steps: [10.5, 100]", ["item 1 is 10.5"]),
        ("canary_shift_steps: [true, 100]", ["item 1 is true"]),
        ("canary_shift_steps: 10,50", ['is "10,50"', "a list of whole numbers"]),
        ("canary_shift_steps:", ["is null"]),
        ('canary_shift_interval: "5"', ['is "5"', "allowed: a number"]),
        ("canary_shift_interval: true", ["is true"]),
        ("verify_health_log_tail: 1.5", ["is 1.5", "a whole number"]),
        ("verify_health_probes: [health]", ['item 1 is "health"', "a list of mappings"]),
        ("helm_release_values: []", ["is []", "a mapping"]),
        ("helm_release_strategy: canry", ["did you mean 'canary'?", "allowed: canary, rolling"]),
        ("target_namespace: 1.5", ["is 1.5", "a text"]),
        ("target_namespace: [shop]", ['is ["shop"]']),
        ("helm_release_name: '{{ the_name }}'", ["needs a variable that is not set", "'the_name' is undefined"]),
        ("helm_release_name: '{{ 1 / 0 }}'", ["helm_release_name", "cannot be computed", "all.yml:1"]),
        ("canary_shift_step: [100]", ["No role has a variable canary_shift_step",
         "did you mean 'canary_shift_steps'?"]),
        ("release_version: {shop: '1'}", ["did you mean 'release_versions'?"]),
        ("helm_release_timeot: 5", ["did you mean 'helm_release_timeout'?", "group_vars/all.yml:1"]),
    ],
)
def test_refused_with_one_sentence(check: Any, text: str, said: list[str]) -> None:
    given = check(text)
    assert len(given.problems) == 1, [one.text() for one in given.problems]
    message = given.problems[0].message
    assert [word for word in said if word not in message] == [], message
    assert given.problems[0].refuses


def test_all_problems_are_found_at_once(check: Any) -> None:
    given = check('canary_shift_interval: "5"\nverify_health_timeout: []\nprecheck_tool: {}\n')
    assert {one.variable for one in given.problems} == {
        "canary_shift_interval", "verify_health_timeout", "precheck_tool",
    }  # fmt: skip
    assert "canary_shift_interval" not in given.variables


def test_a_number_is_as_good_as_its_template(check: Any) -> None:
    given = check("canary_shift_interval: '{{ 2 * 3 }}'\nother: 1\nverify_health_log_tail: '{{ other }}'\n")
    assert given.problems == []
    assert given.variables["canary_shift_interval"] == 6


def test_a_whole_number_may_stand_for_a_text(check: Any) -> None:
    assert check("target_context: 5\n").variables["target_context"] == "5"


def test_origins_lead_to_the_line(check: Any) -> None:
    given = check("# one\nrelease_versions:\n  shop: 1.20\nhelm_release_strategy: rolling\n")
    assert given.origins["release_versions.shop"] == "group_vars/all.yml:3"
    assert given.origins["helm_release_strategy"] == "group_vars/all.yml:4"
    assert "roles/canary_shift/defaults/main.yml:" in given.origins["canary_shift_interval"]


def test_what_other_roles_declare_is_no_mistake(check: Any) -> None:
    assert check("canary_shift_interval: 2\n", ["precheck"]).problems == []
    assert check("somebody_elses: 2\n").problems == []


def test_plain_values_come_back(check: Any) -> None:
    """Libraries that look at the exact type stumble over Ansible's marked texts."""
    given = check("helm_release_values: {image: {repository: x}, list: [a]}\n")
    values = given.variables["helm_release_values"]
    assert type(values) is dict and type(values["image"]["repository"]) is str and type(values["list"]) is list


def _role(folder: Path, spec: str, defaults: str = "{}") -> None:
    (folder / "own" / "meta").mkdir(parents=True)
    (folder / "own" / "defaults").mkdir()
    (folder / "own" / "meta" / "argument_specs.yml").write_text(f"argument_specs: {{main: {{options: {spec}}}}}")
    (folder / "own" / "defaults" / "main.yml").write_text(defaults)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Checks variables against the specification of a role of this test."""

    def checked(spec: str, variables: dict[str, Any]) -> inputs.Inputs:
        _role(tmp_path / "roles", spec)
        monkeypatch.setattr(inputs, "ROLES", tmp_path / "roles")
        inputs.role_inputs.cache_clear()
        return inputs.validate(["own"], variables, template)

    yield checked
    inputs.role_inputs.cache_clear()


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ("{own_key: {type: int, no_log: true}}", "hunter2"),
        ("{own_key: {type: str, choices: [a], no_log: true}}", "hunter2"),
        ("{own_key: {type: list, elements: int, no_log: true}}", ["hunter2"]),
        ("{own_key: {type: dict, no_log: true, options: {a: {type: int}}}}", {"a": "hunter2"}),
    ],
)
def test_the_value_of_a_secret_is_never_said(own: Any, spec: str, value: Any) -> None:
    given = own(spec, {"own_key": value})
    assert given.secrets == {"own_key"}
    assert len(given.problems) == 1
    assert "hunter2" not in str(given.problems[0].as_dict())


def test_what_is_required_is_named(own: Any) -> None:
    (found,) = own("{own_key: {type: int, required: true}}", {}).problems
    assert found.message == "own_key is not set; allowed: a whole number."


def test_nested_options_are_looked_at(own: Any) -> None:
    (found,) = own("{own_key: {type: dict, options: {a: {type: str, required: true}}}}", {"own_key": {}}).problems
    assert "missing required arguments: a found in own_key" in found.message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tags": ("all",), "skip_tags": (), "start_at_task": None, "step": False}, []),
        ({}, []),
        ({"tags": ["canary"]}, ["--tags canary"]),
        ({"tags": ["all", "x"]}, ["--tags all,x"]),
        ({"skip_tags": ["always"]}, ["--skip-tags always"]),
        ({"start_at_task": "Verify"}, ["--start-at-task 'Verify'"]),
        ({"step": True}, ["--step"]),
        ({"tags": ["a"], "skip_tags": ["b"], "step": True}, ["--tags a", "--skip-tags b", "--step"]),
    ],
)
def test_the_command_line(given: dict[str, Any], said: list[str]) -> None:
    problems = inputs.command_line_problems(given)
    assert len(problems) == len(said)
    assert all(word in text for word, text in zip(said, problems, strict=True))


@pytest.mark.parametrize(
    "subset",
    [
        None, "", "all", "*", "shop-eu", "shop-eu,cart", "shop-eu:cart", "kubernetes:!cart", "kubernetes:&wave_1",
        "shop-*", "~shop-(eu|us)", "kubernetes[0]", "kubernetes[0:1]", "kubernetes[-1]", "shop-eu, cart",
    ],
)  # fmt: skip
def test_limits_that_are_fine(subset: str | None) -> None:
    assert inputs.limit_problems(subset, HOSTS, GROUPS) == []


@pytest.mark.parametrize(
    ("subset", "said"),
    [
        ("crat", ["--limit crat matches no target and no group (did you mean 'cart'?)"]),
        ("cart,shop-ue", ["shop-ue"]),
        ("cart:!shop-ue", ["!shop-ue"]),
        ("cart:&wave_2", ["did you mean 'wave_1'?"]),
        ("bidder-*", ["bidder-*"]),
        ("~bid.*", ["~bid.*"]),
        ("~shop-(", ["is no regular expression"]),
        ("kuberntes[0]", ["did you mean 'kubernetes'?"]),
        ("a1,b2", ["a1", "b2"]),
        ("@no/such/file", ["cannot be read: No such file or directory"]),
    ],
)
def test_limits_of_which_a_part_names_nobody(subset: str, said: list[str]) -> None:
    problems = inputs.limit_problems(subset, HOSTS, GROUPS)
    assert len(problems) == len(said)
    assert all(word in text for word, text in zip(said, problems, strict=True)), problems


def test_a_limit_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "retry"
    path.write_text("shop-eu\ncart\n")
    assert inputs.limit_problems(f"@{path}", HOSTS, GROUPS) == []
    path.write_text("shop-eu\ncrat\n")
    assert "did you mean 'cart'?" in inputs.limit_problems(f"@{path}", HOSTS, GROUPS)[0]
    path.write_text("")
    assert "is empty" in inputs.limit_problems(f"@{path}", HOSTS, GROUPS)[0]


def test_an_origin_that_is_not_known_is_empty() -> None:
    assert inputs.origin("a text of nowhere") == ""
    assert inputs.origin(True) == ""
