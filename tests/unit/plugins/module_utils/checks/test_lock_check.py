"""Somebody else at work is refused by name and age; a dead one is a doubt; a release that never ended is refused."""
from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.lock import check_lock
from ansible_collections.releng.runbooks.plugins.module_utils.release import state
from tests.unit.clock import WALL
from tests.unit.plugins.module_utils.checks.world import World, told


def _lease(world: World, holder: str, renewed: float, taken: float = 600) -> None:
    def ago(seconds: float) -> str:
        return (WALL - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    world.kube.add({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "release-shop"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 45, "renewTime": ago(renewed),
                 "acquireTime": ago(taken)},
    })  # fmt: skip


def _left(world: World, **changes: str) -> None:
    fields: dict[str, Any] = {
        "target": "shop-eu", "service": "shop", "release": "r0", "procedure": "release", "strategy": "canary",
        "phase": "shifting", "by": "kim@host", **changes,
    }  # fmt: skip
    state.save(world.kube, "shop", state.State(token=3, **fields))


@pytest.mark.parametrize(
    ("holder", "renewed", "levels"),
    [("", 1, []), ("me", 1, []), ("kim@host (r0)", 3, ["refuse"]), ("kim@host (r0)", 45, ["refuse"]),
     ("kim@host (r0)", 46, ["doubt"])],
)  # fmt: skip
def test_who_holds_it(world: World, holder: str, renewed: float, levels: list[str]) -> None:
    _lease(world, holder, renewed)
    assert [level for _, level in told(check_lock(world.context()))] == levels


def test_holder_and_age_are_named(world: World) -> None:
    _lease(world, "kim@host (r0)", 3)
    _left(world)
    (found,) = check_lock(world.context())
    assert found.message == "shop is being released by kim@host (r0) since 600 s."


@pytest.mark.parametrize(
    ("changes", "levels"),
    [({}, ["refuse"]), ({"result": "stuck"}, ["refuse"]), ({"result": "released", "phase": "done"}, []),
     ({"release": "r1"}, [])],
)  # fmt: skip
def test_a_release_that_never_ended(world: World, changes: dict[str, str], levels: list[str]) -> None:
    _left(world, **changes)
    found = check_lock(world.context())
    assert [one.level for one in found] == levels
    assert all("rollback.yml --limit shop-eu" in one.remedy for one in found)


def test_a_dead_holder_and_its_release_are_both_named(world: World) -> None:
    _lease(world, "kim@host (r0)", 300)
    _left(world)
    assert told(check_lock(world.context())) == [("lock", "doubt"), ("lock", "refuse")]
