"""What Helm has installed decides what can be done, and what to go back to."""
from __future__ import annotations

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.installed import (
    check_installed,
    check_pending,
    check_way_back,
)
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Revision
from tests.unit.plugins.module_utils.checks.world import World, manifest, told

FIRST = Revision(1, "superseded", description="Install complete")
GOOD = [FIRST, Revision(2, "deployed", description="Upgrade complete")]
PENDING = [FIRST, Revision(2, "superseded"), Revision(3, "pending-upgrade", updated="2026-01-02T03:00:00Z")]
FAILED = [FIRST, Revision(2, "failed", description='Upgrade "shop" failed: timed out')]


@pytest.mark.parametrize(
    ("revisions", "strategy", "findings"),
    [
        (GOOD, "canary", []),
        (GOOD, "rolling", []),
        ([], "canary", [("installed", "refuse")]),
        ([], "rolling", [("way_back", "doubt")]),
        (PENDING, "canary", [("pending", "refuse")]),
        (PENDING, "rolling", [("pending", "refuse")]),
        (FAILED, "canary", [("installed", "refuse")]),
        (FAILED, "rolling", []),
        ([Revision(1, "failed", description='Release "shop" failed: x')], "rolling", [("way_back", "refuse")]),
    ],
)
def test_what_is_there(world: World, revisions: list[Revision], strategy: str, findings: list[tuple[str, str]]) -> None:
    world.helm.revisions = revisions
    world.helm.manifests = {number: manifest(f"{world.registry}/shop:1.3.0") for number in (1, 2, 3)}
    world.variables["helm_release_strategy"] = strategy
    c = world.context()
    assert told([*check_pending(c), *check_installed(c), *check_way_back(c)]) == findings


def test_the_command_out_of_a_pending_revision(world: World) -> None:
    world.helm.revisions = PENDING
    (found,) = check_pending(world.context())
    assert "Revision 3" in found.message
    assert found.remedy == "If none is at work: helm --kube-context test -n shop rollback shop 2"


def test_the_first_release_is_offered_to_be_rolling(world: World) -> None:
    world.helm.revisions = []
    (found,) = check_installed(world.context())
    assert "helm_release_strategy: rolling" in found.remedy


def test_an_old_image_that_is_gone_is_a_doubt(world: World) -> None:
    world.helm.manifests[2] = manifest(f"{world.registry}/shop:9.0.0")
    (found,) = check_way_back(world.context())
    assert (found.level, found.value) == ("doubt", f"{world.registry}/shop:9.0.0")


def test_a_manifest_that_is_empty_is_no_way_back(world: World) -> None:
    world.helm.manifests[2] = []
    assert told(check_way_back(world.context())) == [("way_back", "refuse")]
