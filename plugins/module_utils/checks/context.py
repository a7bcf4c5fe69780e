# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What checks look at: the inputs, the cluster, and what would be released, each asked for once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar, overload

from ansible_collections.releng.runbooks.plugins.module_utils import canary
from ansible_collections.releng.runbooks.plugins.module_utils.canary import Canary
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, show, wrong
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Helm, Rendered, Revision, with_version
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube
from ansible_collections.releng.runbooks.plugins.module_utils.poll import Clock
from ansible_collections.releng.runbooks.plugins.module_utils.release import pins, versions

Objects = list[dict[str, Any]]
Answer = TypeVar("Answer")


class Once(Generic[Answer]):
    """A property that is computed once; an error is kept, too, so that a dead cluster is waited for only once."""

    def __init__(self, compute: Callable[[Any], Answer]) -> None:
        self._compute = compute
        self._name = f"_once_{compute.__name__}"
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, _kind: type) -> Once[Answer]: ...

    @overload
    def __get__(self, owner: object, _kind: type) -> Answer: ...

    def __get__(self, owner: object | None, _kind: type) -> Once[Answer] | Answer:
        if owner is None:
            return self
        kept = vars(owner)
        if self._name not in kept:
            try:
                kept[self._name] = (self._compute(owner), None)
            except RunbookError as error:
                kept[self._name] = (None, error)
        answer, failure = kept[self._name]
        if failure is not None:
            raise failure
        return answer


@dataclasses.dataclass
class Context:
    """One target and one version.

    :param variables: templated variables of the roles, named as in the inventory
    :param origins: variable -> ``file:line`` where it was set
    :param kube: None when the kubeconfig cannot be used; then ``trouble`` says why
    :param version: as it was given, which may not be a text
    :param services: every service of this inventory; empty when not known
    :param secrets: names of variables whose values are never shown
    :param holder: who takes the lock for this run; a lock of our own is no obstacle
    :param run: id of this run
    :param metrics: ``{"provider": name, "options": {...}}``
    """

    variables: Mapping[str, Any]
    kube: Kube
    helm: Helm
    version: Any
    service: str
    target: str
    clock: Clock
    origins: Mapping[str, str] = dataclasses.field(default_factory=dict)
    services: Iterable[str] = ()
    secrets: Iterable[str] = ()
    holder: str = ""
    run: str = "check"
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    trouble: RunbookError | None = None

    def get(self, name: str, otherwise: Any = None) -> Any:
        """A variable; ``otherwise`` where it is not set."""
        value = self.variables.get(name)
        return otherwise if value is None else value

    def wrong(self, check: str, variable: str, value: Any, allowed: str, remedy: str = "", hint: str = "") -> Finding:
        shown = "********" if variable in self.secrets else show(value)
        origin = self.origins.get(variable) or self.origins.get(variable.partition(".")[0], "")
        return wrong(check, variable, shown, allowed, origin, remedy, hint)

    # What was said

    @property
    def release(self) -> str:
        """Name of the Helm release."""
        return str(self.get("helm_release_name", self.helm.release))

    @property
    def workload(self) -> str:
        return str(self.get("helm_release_workload", self.release))

    @property
    def strategy(self) -> str:
        return str(self.get("helm_release_strategy", "canary"))

    @property
    def route(self) -> str:
        return str(self.get("helm_release_route", self.workload))

    @property
    def chart(self) -> str:
        return str(self.get("helm_release_chart", ""))

    @property
    def kubectl(self) -> str:
        """How a person calls kubectl for this target."""
        return f"kubectl --context {self.kube.context} -n {self.kube.access.namespace}"

    # What is and what would be

    @Once
    def values(self) -> dict[str, Any]:
        paths = self.get("helm_release_version_values", ["image.tag"])
        return with_version(self.get("helm_release_values", {}), paths, self.version)

    @Once
    def revisions(self) -> list[Revision]:
        return self.helm.history()

    @Once
    def stable_docs(self) -> Objects:
        return self.helm.manifest() if self.revisions else []

    @Once
    def rendered(self) -> Rendered:
        return self.helm.render(self.chart, self.values)

    @property
    def new_docs(self) -> Objects:
        return self.rendered.docs

    @Once
    def live(self) -> dict[str, Any] | None:
        """The Deployment as it runs."""
        return self.kube.get("Deployment", self.workload, "apps/v1")

    @Once
    def replicas(self) -> int:
        return pins.size(self.kube, self.workload)

    @Once
    def canary(self) -> Canary:
        live = versions.standing(self.kube)
        return canary.derive(
            self.stable_docs, self.new_docs, live, self.workload, self.run, self.replicas,
            hooks=self.rendered.running_hooks, allow_hooks=self.get("helm_release_hooks") == "with_promotion",
        )

    @property
    def images(self) -> list[str]:
        """Images that the new version runs."""
        return canary.images(self.new_docs, self.workload)
