"""The project as data: its files, plays, tasks and roles, read without running any of it."""
from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
INCLUDES = ("include_role", "import_role")
NESTED = ("block", "rescue", "always")


class _Loader(yaml.SafeLoader):
    """YAML as Ansible reads it: tags such as `!unsafe` and `!vault` are kept as their plain value."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def load(path: Path) -> Any:
    """The content of a YAML file; None when it is empty."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed: what is ignored by git does not count."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    paths = (ROOT / name for name in listed if name)
    return tuple(sorted(path for path in paths if path.is_file() and not path.is_symlink()))


def under(folder: str, pattern: str = "*") -> list[Path]:
    """The files below `folder` whose name matches `pattern`."""
    return [path for path in files() if path.is_relative_to(ROOT / folder) and path.match(pattern)]


def name_of(path: Path) -> str:
    """How a file is called in a failure and in a test id: its path inside the project."""
    return str(path.relative_to(ROOT))


@dataclass(frozen=True)
class Task:
    """A task or block of a playbook or of a role, with where it stands."""

    data: dict[str, Any]
    path: Path
    inside: tuple[str, ...]  # the sections of the blocks around it, outermost first, such as ("block", "rescue")

    @property
    def name(self) -> str:
        return str(self.data.get("name", "(no name)"))

    @property
    def is_block(self) -> bool:
        return "block" in self.data

    @property
    def module(self) -> str:
        """The short name of its module: `ansible.builtin.assert` is `assert`. Empty for a block."""
        known = [key for key in self.data if "." in key and not key.startswith("with_")]
        return known[0].rsplit(".", 1)[1] if known else ""

    @property
    def arguments(self) -> Any:
        """What is given to its module."""
        known = [key for key in self.data if "." in key]
        return self.data[known[0]] if known else None

    @property
    def role(self) -> str:
        """The short name of the role that it includes; empty when it includes none."""
        if self.module not in INCLUDES or not isinstance(self.arguments, dict):
            return ""
        return str(self.arguments.get("name", "")).rsplit(".", 1)[-1]

    @property
    def is_quiet(self) -> bool:
        """Whether it includes a role that only looks, or that writes only our own record."""
        return self.role in QUIET or (self.role in WAYS_BACK and self.arguments.get("tasks_from") == CHOOSE)

    def __str__(self) -> str:
        return f"{name_of(self.path)}: {self.name}"


def walk(tasks: list[dict[str, Any]] | None, path: Path, inside: tuple[str, ...] = ()) -> Iterator[Task]:
    """All tasks, blocks among them, in the order in which they stand."""
    for data in tasks or []:
        yield Task(data, path, inside)
        for section in NESTED:
            yield from walk(data.get(section), path, (*inside, section))


def playbooks() -> list[Path]:
    """The procedures: files directly in playbooks/."""
    return [path for path in under("playbooks", "*.yml") if path.parent == ROOT / "playbooks"]


def plays(path: Path) -> list[dict[str, Any]]:
    """The plays of a playbook; imports of other playbooks are left out."""
    return [play for play in load(path) or [] if "hosts" in play]


def play_tasks(play: dict[str, Any], path: Path) -> list[Task]:
    """All tasks of a play in order of execution."""
    return [task for part in ("pre_tasks", "tasks", "post_tasks") for task in walk(play.get(part), path)]


def roles() -> list[Path]:
    """The folder of every role."""
    return sorted({ROOT / "roles" / path.relative_to(ROOT / "roles").parts[0] for path in under("roles")})


def task_files() -> list[Path]:
    """The task and handler files of all roles."""
    return [path for path in under("roles", "*.yml") if {"tasks", "handlers"} & set(path.parts)]


def role_of(path: Path) -> str:
    """The name of the role that a file belongs to."""
    return path.relative_to(ROOT / "roles").parts[0]


def role_tasks() -> list[Task]:
    """Every task of every role."""
    return [task for path in task_files() for task in walk(load(path), path)]


def all_tasks() -> list[Task]:
    """Every task of every role and playbook."""
    return role_tasks() + [task for path in playbooks() for play in plays(path) for task in play_tasks(play, path)]


def code_lines(text: str) -> list[str]:
    """The lines of a Python file that are neither empty, comment, nor inside a module level documentation string."""
    constants = r'(?ms)^(?:DOCUMENTATION|EXAMPLES|RETURN)\s*=\s*r?("""|\'\'\').*?\1'
    about = r'(?s)\A((?:#[^\n]*\n|\s)*)("""|\'\'\').*?\2'
    bare = re.sub(about, r"\1", re.sub(constants, "", text))
    return [line for line in bare.splitlines() if line.strip() and not line.lstrip().startswith("#")]


# Roles that change nothing which serves users: what they write is our own record.
QUIET = frozenset(
    {"precheck", "snapshot", "verify_health", "record", "mark", "notify", "status", "inspect", "monitor", "diagnose"}
)
CHECKS = frozenset({"precheck"})
# The entry point of a way back that only says what it would go back to.
CHOOSE = "choose"
WAYS_BACK = frozenset({"rollback", "recover"})


def is_changing(play: dict[str, Any], path: Path) -> bool:
    """Whether a play runs a role that changes what serves users."""
    return any(task.role and not task.is_quiet for task in play_tasks(play, path))


def changing_plays() -> list[str]:
    """The names of all changing plays."""
    return [str(play["name"]) for path in playbooks() for play in plays(path) if is_changing(play, path)]
