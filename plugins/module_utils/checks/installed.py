# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Helm has installed: whether it is whole, whether a canary can stand beside it, and what to go back to."""

from __future__ import annotations

from ansible_collections.releng.runbooks.plugins.module_utils import canary
from ansible_collections.releng.runbooks.plugins.module_utils.checks import registry
from ansible_collections.releng.runbooks.plugins.module_utils.checks.context import Context
from ansible_collections.releng.runbooks.plugins.module_utils.checks.finding import Finding, doubt, refuse
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Revision, last_good, pending


def check_pending(c: Context) -> list[Finding]:
    """No revision was left half done by a run that was killed."""
    stuck = pending(c.revisions)
    if stuck is None:
        return []
    good = last_good(c.revisions)
    back = f"rollback {c.release} {good.revision}" if good else f"uninstall {c.release}"
    return [refuse(
        "pending", f"Revision {stuck.revision} of Helm release {c.release} is {stuck.status} since {stuck.updated}: "
        "the helm that made it is still at work, or was killed.",
        f"If none is at work: {_helm(c)} {back}", value=f"{stuck.revision} {stuck.status}",
    )]  # fmt: skip


def check_installed(c: Context) -> list[Finding]:
    """A canary stands beside something: the Helm release exists, and its newest revision was deployed."""
    if c.strategy != "canary" or pending(c.revisions):
        return []
    if not c.revisions:
        return [c.wrong(
            "installed", "helm_release_strategy", c.strategy, f"rolling, because {c.release} is not installed yet",
            "Set helm_release_strategy: rolling for the first release of this target.",
        )]  # fmt: skip
    newest = c.revisions[-1]
    if newest.status == "deployed":
        return []
    good = last_good(c.revisions)
    back = f"Go back first: {_helm(c)} rollback {c.release} {good.revision}" if good else (
        "Release with helm_release_strategy: rolling."
    )
    return [refuse(
        "installed", f"Revision {newest.revision} of Helm release {c.release} is {newest.status}, not deployed: "
        "a canary would be compared with something broken.", back, value=newest.status,
    )]  # fmt: skip


def check_way_back(c: Context) -> list[Finding]:
    """There is a good revision to go back to, its manifest can be read, and its images are still there."""
    if not c.revisions:
        if c.strategy == "canary":
            return []  # refused by another check
        return [doubt(
            "way_back", f"{c.release} is installed for the first time: there is no version to go back to.",
            f"The way back is {_helm(c)} uninstall {c.release}",
        )]  # fmt: skip
    good = _good(c.revisions)
    if good is None:
        return [refuse(
            "way_back", f"No revision of Helm release {c.release} was ever deployed: there is nothing to go back to.",
            f"Start afresh: {_helm(c)} uninstall {c.release}",
        )]  # fmt: skip
    docs = c.helm.manifest(good.revision)
    if not docs:
        return [refuse("way_back", f"Revision {good.revision} of Helm release {c.release} has an empty manifest.")]
    found = []
    for image in canary.images(docs, c.workload):
        answer = registry.ask(image, c.get("precheck_insecure_registries", []))
        if answer.there is False:
            found.append(doubt(
                "way_back", f"{image}, which runs now, is not in its registry any more: pods of it start only where "
                "a node still has it.", "Push it again.", value=image,
            ))  # fmt: skip
    return found


def _good(revisions: list[Revision]) -> Revision | None:
    return revisions[-1] if revisions[-1].status == "deployed" else last_good(revisions)


def _helm(c: Context) -> str:
    return f"helm --kube-context {c.kube.context} -n {c.kube.access.namespace}"
