# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm 3 and 4 by their command: what a release looks like, what an upgrade would make of it, and the change itself.

Values go in on standard input out of an unnamed file, and nothing goes through a shell. A change is a
:class:`Child`: it does not wait for pods (whoever started it watches them), only for the chart's hooks.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils import helm_errors
from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    NotFound,
    Refused,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.helm_child import Child, start, unnamed
from ansible_collections.releng.runbooks.plugins.module_utils.helm_history import Revision, deployed, last_good, pending
from ansible_collections.releng.runbooks.plugins.module_utils.helm_manifest import parse
from ansible_collections.releng.runbooks.plugins.module_utils.helm_values import as_text, secrets, with_version
from ansible_collections.releng.runbooks.plugins.module_utils.kube_connect import Access

__all__ = ["Child", "Helm", "Hook", "Rendered", "Revision", "deployed", "last_good", "pending", "with_version"]

HISTORY_MAX = 20
READ_TIMEOUT = 120.0  # seconds; a large chart with many lookups takes some

# Hooks of these moments run during an upgrade, or a rollback; those of `helm test` and `helm uninstall` do not.
_RUNNING = frozenset({"pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback"})


@dataclasses.dataclass(frozen=True)
class Hook:
    """An object that helm makes at certain moments (``events``), outside of the manifest."""

    name: str
    kind: str
    path: str
    events: tuple[str, ...]
    manifest: str = dataclasses.field(repr=False, default="")

    @property
    def runs(self) -> bool:
        """Whether an install, upgrade or rollback runs it."""
        return bool(_RUNNING & set(self.events))

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({', '.join(self.events)})"


@dataclasses.dataclass(frozen=True)
class Rendered:
    """What an upgrade would make: ``docs`` hold secrets in clear, so they are never shown as a whole."""

    docs: list[dict[str, Any]] = dataclasses.field(repr=False)
    hooks: list[Hook]
    notes: str = dataclasses.field(repr=False, default="")

    @property
    def running_hooks(self) -> list[str]:
        """``Job shop-migrate (pre-upgrade)``: the hooks that an install, upgrade or rollback runs."""
        return [str(hook) for hook in self.hooks if hook.runs]


class Helm:
    """One release, by the program ``binary``. Sends nothing before a method is called.

    Methods that talk to the cluster raise :class:`Unreachable` without an answer, :class:`Denied` where rights are
    missing, :class:`Conflict` when another operation is in progress or was cut off, :class:`NotFound` without the
    program or the release, otherwise :class:`RunbookError` with what helm said, without secrets.
    """

    def __init__(self, binary: str, access: Access, release: str) -> None:
        self.binary = binary or "helm"
        self.access = access
        self.release = release
        self._version: tuple[int, int, int] | None = None

    def version(self) -> tuple[int, int, int]:
        """Such as ``(3, 22, 0)``; asked once."""
        if self._version is None:
            said = self._read(["version", "--template", "{{.Version}}"], "ask for the version", remote=False)
            match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
            if match is None:
                raise Refused(f"'{self.binary}' says '{said.strip()[:80]}' when asked for its version: it is no helm.")
            self._version = (int(match[1]), int(match[2]), int(match[3] or 0))
        return self._version

    # What is

    def history(self) -> list[Revision]:
        """Every revision, oldest first; empty when nothing is installed under this name."""
        try:
            found = self._json(["history", self.release, "-o", "json", "--max", "256"], "read the history")
        except NotFound as error:
            if error.facts.get("release"):
                return []
            raise
        revisions = [
            Revision(
                int(one["revision"]), one["status"], one.get("chart", ""), one.get("app_version", ""),
                one.get("description", ""), one.get("updated", ""),
            )
            for one in found
        ]  # fmt: skip
        return sorted(revisions, key=lambda one: one.revision)

    def values(self, revision: int = 0) -> dict[str, Any]:
        """The values that were given to a revision (0: the newest), without the chart's own defaults."""
        return self._json(["get", "values", self.release, "-o", "json", *_at(revision)], "read the values") or {}

    def manifest(self, revision: int = 0) -> list[dict[str, Any]]:
        """The objects of a revision (0: the newest, whatever its status) as helm made them, without hooks."""
        return parse(self._read(["get", "manifest", self.release, *_at(revision)], "read the manifest"))

    # What would be

    def render(self, chart: str, values: dict[str, Any]) -> Rendered:
        """What :meth:`upgrade` would make, rendered against the cluster (`lookup` and `.Release.IsUpgrade` are real).

        :param chart: folder, archive, ``oci://`` or ``repository/name``
        :raises Conflict: another operation is in progress, or was cut off
        """
        argv = ["upgrade", "--install", self.release, chart, "--reset-values", "--dry-run=server", "-o", "json"]
        found = self._json([*argv, *self._client_side(), "-f", "-"], f"render chart {chart}", values)
        hooks = [
            Hook(one["name"], one["kind"], one.get("path", ""), tuple(one.get("events") or ()), one.get("manifest", ""))
            for one in found.get("hooks") or []
        ]
        return Rendered(parse(found.get("manifest") or ""), hooks, (found.get("info") or {}).get("notes") or "")

    def lint(self, chart: str, values: dict[str, Any]) -> list[str]:
        """What `helm lint` calls an error in a chart that lies here (folder or archive); warnings are left out."""
        if not os.path.exists(chart):
            return []
        code, said, error = self._run(["lint", chart, "--quiet", "-f", "-"], values, remote=False)
        hidden = list(secrets(values))
        found = helm_errors.lint_errors(said, hidden)
        if code and not found:
            raise helm_errors.explain(f"lint chart {chart}", error or said, hidden)
        return found

    # The change

    def upgrade(self, chart: str, values: dict[str, Any], timeout: float, description: str = "") -> Child:
        """Start installing or upgrading with exactly these values: none of the former revision are kept.

        :param timeout: seconds, for each single operation such as a hook
        :param description: stands in the history
        """
        argv = ["upgrade", "--install", self.release, chart, "--reset-values", *_bounded(timeout), *self._client_side()]
        return self._start([*argv, *(["--description", description] if description else []), "-f", "-"], values)

    def rollback(self, revision: int, timeout: float) -> Child:
        """Start going back to ``revision``; also the remedy for a revision that stayed pending."""
        return self._start(["rollback", self.release, str(revision), *_bounded(timeout), *self._client_side()])

    # The history, read

    pending = staticmethod(pending)
    deployed = staticmethod(deployed)
    last_good = staticmethod(last_good)

    # How it is called

    def argv(self, arguments: Sequence[str], remote: bool = True) -> list[str]:
        """The whole command for ``arguments``; ``remote`` ones name the cluster."""
        where: list[str] = []
        if remote and self.access.kubeconfig and os.pathsep not in self.access.kubeconfig:
            where += ["--kubeconfig", os.path.expanduser(self.access.kubeconfig)]
        if remote and self.access.context:
            where += ["--kube-context", self.access.context]
        return [self.binary, *arguments, *where, "--namespace", self.access.namespace]

    def environment(self) -> dict[str, str]:
        """Ours as it is, with what would lead to another place overridden."""
        env = {**os.environ, "HELM_NAMESPACE": self.access.namespace}
        if os.pathsep in self.access.kubeconfig:  # the option takes one file, the variable several
            env["KUBECONFIG"] = os.pathsep.join(map(os.path.expanduser, self.access.kubeconfig.split(os.pathsep)))
        return env

    def _client_side(self) -> list[str]:
        """Helm 4 applies on the server by default, and would meet the fields that we shift as a conflict."""
        return ["--server-side=false"] if self.version() >= (4, 0, 0) else []

    def _start(self, arguments: list[str], values: dict[str, Any] | None = None) -> Child:
        return Child(self.argv(arguments), self.environment(), as_text(values), list(secrets(values)))

    def _json(self, arguments: list[str], doing: str, values: dict[str, Any] | None = None) -> Any:
        said = self._read(arguments, doing, values)
        try:
            return json.loads(said)
        except ValueError:
            raise RunbookError(f"Could not {doing} of {self.release}: helm did not answer in JSON.") from None

    def _read(
        self, arguments: list[str], doing: str, values: dict[str, Any] | None = None, remote: bool = True
    ) -> str:
        code, said, error = self._run(arguments, values, remote)
        if code:
            where = f"{doing} of {self.access.namespace}/{self.release}"
            failure = helm_errors.explain(where, error, list(secrets(values)), self.release)
            raise self._named(failure) if isinstance(failure, Conflict) else failure
        return said

    def _named(self, conflict: Conflict) -> Conflict:
        """Helm says that something is in progress, not what: the history does, with the way out."""
        revisions = self.history()
        stuck, good = pending(revisions), last_good(revisions)
        if stuck is None:
            return conflict
        command = [*self.argv(["rollback", self.release, str(good.revision)])] if good else []
        remedy = f"To clear it: {' '.join(command)}" if command else (
            f"Nothing good is there to go back to: helm uninstall {self.release} clears it."
        )
        return Conflict(
            f"{conflict.message} Revision {stuck.revision} is {stuck.status} since {stuck.updated}; "
            "if no helm is at work on it, the one that made it was cut off.",
            remedy=remedy, revision=stuck.revision, status=stuck.status,
        )

    def _run(
        self, arguments: list[str], values: dict[str, Any] | None = None, remote: bool = True
    ) -> tuple[int, str, str]:
        """Exit code, standard output, the end of standard error."""
        with unnamed(as_text(values)) as source, tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as error:
            process = start(self.argv(arguments, remote), self.environment(), source, said, error)
            try:
                code = process.wait(READ_TIMEOUT)
            except subprocess.TimeoutExpired:
                raise Unreachable(
                    f"helm {arguments[0]} of {self.release} gave no answer in {READ_TIMEOUT:g} s and was stopped."
                ) from None
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            said.seek(0)
            error.seek(0)
            return code, said.read().decode("utf-8", "replace"), error.read().decode("utf-8", "replace")


def _at(revision: int) -> list[str]:
    return ["--revision", str(revision)] if revision else []


def _bounded(timeout: float) -> list[str]:
    return ["--history-max", str(HISTORY_MAX), "--timeout", f"{max(1, round(timeout))}s"]
