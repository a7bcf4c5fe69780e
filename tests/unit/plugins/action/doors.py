"""Every door there is, read from its file: what it takes, what it says about itself, and what is wrong to give it."""
from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[4]
COLLECTION = "ansible_collections.releng.runbooks"
Spec = Mapping[str, Mapping[str, Any]]
# What no text, number or mapping can be converted to.
NONE_OF = {"int": "not an int", "float": "not a float", "bool": "not a bool", "dict": "a text", "list": {"no": "list"}}


@dataclasses.dataclass(frozen=True)
class Door:
    """``name`` is that of its file."""

    name: str

    @functools.cached_property
    def spec(self) -> Spec:
        module = importlib.import_module(f"{COLLECTION}.plugins.action.{self.name}")
        found: Spec = module.ActionModule.SPEC
        return found

    @functools.cached_property
    def documentation(self) -> dict[str, Any]:
        """``DOCUMENTATION`` of the module of its name, with the options of its fragments."""
        found = self._constant("DOCUMENTATION")
        for fragment in found["extends_documentation_fragment"]:
            shared = importlib.import_module(f"{COLLECTION}.plugins.doc_fragments.{fragment.rpartition('.')[2]}")
            options = yaml.safe_load(shared.ModuleDocFragment.DOCUMENTATION).get("options") or {}
            assert not options.keys() & (found.get("options") or {}).keys()
            found["options"] = {**(found.get("options") or {}), **options}
        return found

    @functools.cached_property
    def returned(self) -> dict[str, Any]:
        """``RETURN`` of the module of its name."""
        return self._constant("RETURN")

    @functools.cached_property
    def returns(self) -> set[str]:
        """The keys of everything that its code returns as it stands there."""
        tree = ast.parse((ROOT / "plugins/action" / f"{self.name}.py").read_text())
        given = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
        keys = [key for one in given if isinstance(one, ast.Dict) for key in one.keys]
        return {str(key.value) for key in keys if isinstance(key, ast.Constant)}

    def _constant(self, name: str) -> dict[str, Any]:
        tree = ast.parse((ROOT / "plugins/modules" / f"{self.name}.py").read_text())
        found = next(
            node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        )
        return dict(yaml.safe_load(ast.literal_eval(found)))


DOORS = [Door(path.stem) for path in sorted((ROOT / "plugins/action").glob("*.py"))]
NAMES = [door.name for door in DOORS]


def least(spec: Spec, known: Mapping[str, Any]) -> dict[str, Any]:
    """As few arguments as the specification allows: its first choices, else what ``known`` has under that name."""
    return {
        name: option["choices"][0] if option.get("choices") else known[name]
        for name, option in spec.items() if option.get("required")
    }  # fmt: skip


def wrong_types(spec: Spec) -> dict[str, Any]:
    """Something that cannot be converted, for every option that is not a text."""
    return {name: NONE_OF[option["type"]] for name, option in spec.items() if option["type"] in NONE_OF}


def wrong_choices(spec: Spec, given: str) -> dict[str, Any]:
    """``given`` for every option that has choices."""
    return {name: given for name, option in spec.items() if option.get("choices")}


def innermost(spec: Spec) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and specification of every option that has no options inside."""
    for name, option in spec.items():
        if option.get("options"):
            yield from innermost(option["options"])
        else:
            yield name, option


def described(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options, of a specification or a documentation, down to what both of them say."""
    told = {}
    for name, option in options.items():
        inner = option.get("suboptions") or (option.get("options") if "description" not in option else None)
        told[name] = {
            "type": option.get("type", "str"), "required": bool(option.get("required")),
            "default": option.get("default"), "choices": list(option.get("choices") or []),
            "elements": option.get("elements"), "inside": described(inner or {}),
        }  # fmt: skip
    return told
