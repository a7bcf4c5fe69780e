"""A role answers for itself: what it is for, what it takes, what it changes, and how that is undone."""
from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.laws import tree, variables

ROLES = pytest.mark.parametrize("role", tree.roles(), ids=lambda path: path.name)

# What on-call asks about a role, as headings of its README in this order.
QUESTIONS = ["outcome", "changes", "inverse", "idempotent", "permissions"]


def _specs(role: Path) -> dict[str, dict[str, Any]]:
    """Entry point -> its argument specification."""
    path = role / "meta" / "argument_specs.yml"
    return tree.load(path)["argument_specs"] if path.exists() else {}


def _defaults(role: Path) -> dict[str, Any]:
    path = role / "defaults" / "main.yml"
    return (tree.load(path) or {}) if path.exists() else {}


def _options(spec: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """All options of an entry point, nested ones too, with their path."""
    found = []
    for name, option in (spec.get("options") or {}).items():
        found.append((name, option))
        found += [(f"{name}.{inner}", value) for inner, value in _options(option)]
    return found


@ROLES
def test_its_readme_answers_what_on_call_asks(role: Path) -> None:
    text = (role / "README.md").read_text()
    headings = [heading.lower() for heading in re.findall(r"^#{2,} (.+)$", text, flags=re.MULTILINE)]
    places = [next((at for at, heading in enumerate(headings) if question in heading), None) for question in QUESTIONS]
    missing = [question for question, at in zip(QUESTIONS, places, strict=True) if at is None]
    assert not missing, f"no heading speaks of {missing}; there are {headings}"
    assert places == sorted(at for at in places if at is not None), f"the order is {QUESTIONS}"
    parts = re.split(r"^#{1,} .+$", text, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts[1:]), "a heading without a word under it answers nothing"


@ROLES
def test_it_has_a_specification_and_defaults(role: Path) -> None:
    assert _specs(role)
    assert (role / "defaults" / "main.yml").exists()


@ROLES
def test_every_entry_point_has_a_file_and_a_sentence(role: Path) -> None:
    for entry, spec in _specs(role).items():
        # A role without tasks only declares what others share.
        assert (role / "tasks" / f"{entry}.yml").exists() or not (role / "tasks").exists(), entry
        assert spec.get("short_description"), f"{entry}: `ansible-doc` shows this line"
        assert spec.get("description"), entry
        bad = [path for path, option in _options(spec) if not option.get("description") or not option.get("type")]
        assert not bad, f"{entry}: no description or no type"


@ROLES
def test_defaults_and_specification_say_the_same(role: Path) -> None:
    """Ansible never injects the default of a specification: it is documentation, and must be true."""
    defaults = _defaults(role)
    options: dict[str, dict[str, Any]] = {}
    for spec in _specs(role).values():
        options.update(spec.get("options") or {})
    said = {name: option["default"] for name, option in options.items() if "default" in option}
    fixed = {name: value for name, value in defaults.items() if not variables.is_template(value)}
    # A default that is computed from other variables cannot be repeated as a value; its description tells it.
    assert {name: said.get(name, "(none)") for name in fixed} == fixed
    assert set(said) <= set(defaults), "a default in the specification that defaults/main.yml does not set"
    assert set(defaults) <= set(options), "set in defaults/main.yml, unknown to the specification"
    assert not [name for name in defaults if options[name].get("required")], "required, and yet there is a default"


@ROLES
def test_its_public_names_begin_with_its_own(role: Path) -> None:
    """What all stages share has roles of its own, without tasks: `target` and `release`."""
    assert not [name for name in _defaults(role) if not name.startswith(f"{role.name}_")]


@ROLES
def test_two_roles_never_give_one_variable_two_defaults(role: Path) -> None:
    for other in tree.roles():
        both = _defaults(role).keys() & _defaults(other).keys()
        assert not [name for name in both if _defaults(role)[name] != _defaults(other)[name]], other.name


@ROLES
def test_it_uses_no_variable_that_nobody_declares(role: Path) -> None:
    known = variables.MAGIC | variables.declared() | variables.made_in(role)
    assert not _unknown(variables.used_in(role), known)


def test_playbooks_use_no_variable_that_nobody_declares() -> None:
    assert not _unknown(variables.used_in_playbooks(), variables.MAGIC | variables.declared())


def test_inventories_set_no_variable_that_nobody_declares() -> None:
    """A misspelled variable in an inventory would otherwise be a setting that does nothing."""
    assert not _unknown(variables.set_in_inventories(), variables.declared())


def _unknown(uses: Iterable[tuple[Path, str]], known: frozenset[str]) -> list[str]:
    """Where a name is used that is neither known nor one of Ansible's own."""
    wrong = {(path, name) for path, name in uses if name not in known and not name.startswith("ansible_")}
    return sorted(f"{tree.name_of(path)}: {name}" for path, name in wrong)
