# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a target lies: what every door of a release is told in its argument ``target``."""

from __future__ import annotations

import dataclasses
import os
import shlex
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.kube import Access

# The argument specification of `target`; the role helm_release composes it out of its variables.
OPTIONS: dict[str, Any] = {
    "release": {"type": "str", "required": True},
    "service": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "kubeconfig": {"type": "str", "default": ""},
    "context": {"type": "str", "default": ""},
    "timeout": {"type": "float", "default": 10.0},
    "workload": {"type": "str", "required": True},
    "strategy": {"type": "str", "default": "canary"},
    "chart": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
    "version_values": {"type": "list", "elements": "str", "default": ["image.tag"]},
    "hooks": {"type": "str", "default": "refuse"},
    "binary": {"type": "str", "default": "helm"},
    "route": {"type": "str", "default": ""},
    "journal": {"type": "str", "required": True},
    "reports": {"type": "str", "required": True},
}


@dataclasses.dataclass(frozen=True)
class Target:
    """One Helm release in one namespace, with what releases it and where that is recorded.

    ``release`` is the name of the Helm release, ``workload`` that of its Deployment, ``route`` that of its HTTPRoute,
    ``version_values`` the paths in the values that a version is set at.
    """

    name: str
    release: str
    service: str
    namespace: str
    kubeconfig: str
    context: str
    timeout: float
    workload: str
    strategy: str
    chart: str
    values: dict[str, Any]
    version_values: list[str]
    hooks: str
    binary: str
    route: str
    journal: str
    reports: str

    @property
    def access(self) -> Access:
        return Access(self.kubeconfig, self.context, self.namespace, self.timeout)

    @property
    def kubectl(self) -> str:
        """How a person calls kubectl for this target, quoted for a shell."""
        return self._called("kubectl", "--context")

    @property
    def helm(self) -> str:
        """How a person calls helm for this target, quoted for a shell."""
        return self._called(self.binary or "helm", "--kube-context")

    def _called(self, program: str, context: str) -> str:
        """The cluster is named as this run names it: the same words may mean another one in a person's own file."""
        files = [os.path.expanduser(one) for one in self.kubeconfig.split(os.pathsep) if one]
        words = [program]
        if len(files) > 1:  # the option takes one file, the variable several
            words = ["env", f"KUBECONFIG={os.pathsep.join(files)}", program]
        elif files:
            words += ["--kubeconfig", files[0]]
        if self.context:
            words += [context, self.context]
        return shlex.join([*words, "-n", self.namespace])
