# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs and what would run: the manifest of the chart now, the one with the new version, and the canary's."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils import canary
from ansible_collections.releng.runbooks.plugins.module_utils.canary import Canary, pod_template_digest
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Rendered, Revision, last_good, with_version
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube
from ansible_collections.releng.runbooks.plugins.module_utils.release import pins
from ansible_collections.releng.runbooks.plugins.module_utils.release.session import Session
from ansible_collections.releng.runbooks.plugins.module_utils.release.state import Side

Objects = list[dict[str, Any]]

# On every object of a canary: the Helm release that it stands beside.
HELM_LABEL = "releng.runbooks/helm-release"
# What others have made beside the chart may select the canary's pods, too.
LOOKED_AT = (("Service", "v1"), ("NetworkPolicy", "networking.k8s.io/v1"), ("PodDisruptionBudget", "policy/v1"))


@dataclasses.dataclass
class Versions:
    """The version that runs and the one that is wanted; each part is asked for once, when it is needed."""

    session: Session
    version: str

    @functools.cached_property
    def values(self) -> dict[str, Any]:
        target = self.session.target
        return with_version(target.values, target.version_values, self.version)

    @functools.cached_property
    def revisions(self) -> list[Revision]:
        return self.session.helm.history()

    @functools.cached_property
    def stable_docs(self) -> Objects:
        return self.session.helm.manifest() if self.revisions else []

    @functools.cached_property
    def rendered(self) -> Rendered:
        return self.session.helm.render(self.session.target.chart, self.values)

    @property
    def new_docs(self) -> Objects:
        return self.rendered.docs

    @functools.cached_property
    def before(self) -> Side:
        """What runs now and is gone back to; a Side without revision where nothing is installed.

        A newest revision that failed or was cut off is none to go back to: then it is the last good one below it.
        """
        if not self.revisions:
            return Side()
        newest = self.revisions[-1]
        current = newest if newest.status == "deployed" else last_good(self.revisions) or newest
        docs = self.stable_docs if current is newest else self.session.helm.manifest(current.revision)
        secret = f"sh.helm.release.v1.{self.session.target.release}.v{current.revision}"
        version = self._version_of(current.revision) or current.app_version
        return Side(version, current.revision, pod_template_digest(docs), secret)

    @functools.cached_property
    def after(self) -> Side:
        return Side(self.version, 0, pod_template_digest(self.new_docs))

    @property
    def changes(self) -> bool:
        """Whether the new version differs from what runs; a failed or pending revision always does."""
        deployed = bool(self.revisions) and self.revisions[-1].status == "deployed"
        return not deployed or self.stable_docs != self.new_docs

    @functools.cached_property
    def replicas(self) -> int:
        return pins.size(self.session.kube, self.session.target.workload)

    @functools.cached_property
    def canary(self) -> Canary:
        """What would stand beside, with the label by which it is found again: two targets may share a namespace."""
        target, kube = self.session.target, self.session.kube
        made = canary.derive(
            self.stable_docs, self.new_docs, standing(kube), target.workload, self.session.run, self.replicas,
            hooks=self.rendered.running_hooks, allow_hooks=target.hooks == "with_promotion",
        )
        for one in made.objects:
            one["metadata"]["labels"][HELM_LABEL] = target.release
            one["metadata"]["namespace"] = target.namespace
        return made

    def _version_of(self, revision: int) -> str:
        """The value of ``revision`` at the first of the paths that a version is set at."""
        value: Any = self.session.helm.values(revision)
        for key in self.session.target.version_values[0].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return str(value) if value is not None else ""


def standing(kube: Kube) -> dict[str, dict[str, Any]]:
    """What others have made in the namespace that may select the canary's pods: ``{"Service/shop": {...}}``."""
    return {
        f"{kind}/{one['metadata']['name']}": one for kind, version in LOOKED_AT for one in kube.list(kind, version)
    }
