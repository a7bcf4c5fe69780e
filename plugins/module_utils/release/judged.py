# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods whose gates are watched: one that crashes is answer enough, whatever the others make of the average."""

from __future__ import annotations

import datetime

from ansible_collections.releng.runbooks.plugins.module_utils import causes, rollout
from ansible_collections.releng.runbooks.plugins.module_utils.errors import RunbookError, Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.kube import Kube


class JudgedPods:
    """The pods of the newest revision of ``workload``. ``since``: when the release began."""

    def __init__(self, kube: Kube, workload: str, since: datetime.datetime) -> None:
        self._kube, self._workload, self._since = kube, workload, since

    def look(self) -> str:
        """Why they are not all ready just now, ``""`` when they are; an outage of the API server is no news of them.

        :raises RunbookError: a container ended after the release began, or a pod cannot come up; named
        """
        try:
            found = self._kube.get("Deployment", self._workload, "apps/v1")
            if found is None:
                raise RunbookError(f"Deployment {self._workload} is gone.")
            seen = rollout.progress(self._kube, found)
            pods = rollout.newest_pods(self._kube, found)[1]
        except Unreachable:
            return ""
        if ended := causes.ended_since(pods, self._since):
            raise RunbookError(f"{ended.reason}: {rollout.with_log(self._kube, ended).text}.", reason=ended.reason)
        if seen.cause.kind == causes.TERMINAL:
            raise RunbookError(f"{seen.cause.reason}: {seen.cause.text}.", reason=seen.cause.reason)
        return "" if seen.ready else seen.cause.text
