"""The cluster answers, is the one that the inventory means, and has the same time."""
from __future__ import annotations

import datetime

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.access import (
    check_access,
    check_clock,
    check_context,
)
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Denied, Unreachable
from tests.unit.clock import WALL, FakeClock
from tests.unit.plugins.module_utils.checks.world import World, told


@pytest.mark.parametrize("error", [Unreachable("No answer."), Denied("Credentials are not accepted.")], ids=type)
def test_no_access(world: World, error: Exception) -> None:
    world.kube.fail_next("server_version", error)
    (found,) = check_access(world.context())
    assert (found.message, found.remedy) == (str(error), "Show it: kubectl --context test version")


@pytest.mark.parametrize(
    ("context", "server", "levels"),
    [
        ("test", "", []),
        ("", "", [("context", "doubt")]),
        ("prod", "", [("context", "refuse")]),
        ("", "https://api.test:6443", []),
        ("test", "https://API.test:6443/", []),
        ("test", "https://api.test", [("context", "refuse")]),
        ("test", "http://api.test:6443", [("context", "refuse")]),
        ("prod", "https://other:6443", [("context", "refuse"), ("context", "refuse")]),
    ],
)
def test_context_and_server(world: World, context: str, server: str, levels: list[tuple[str, str]]) -> None:
    world.variables |= {"target_context": context, "precheck_server": server}
    assert told(check_context(world.context())) == levels


def test_the_port_of_https_need_not_be_written(world: World) -> None:
    world.kube.host = "https://api.test:443"
    world.variables["precheck_server"] = "api.test"
    assert check_context(world.context()) == []


@pytest.mark.parametrize(("ahead", "said"), [(0, ""), (29, ""), (31, "31 s ahead of"), (-90, "90 s behind")])
def test_the_clock(world: World, ahead: int, said: str) -> None:
    mine = FakeClock(wall=WALL.replace(microsecond=0) + datetime.timedelta(seconds=ahead))
    found = check_clock(world.context(clock=mine))
    assert [one.level for one in found] == (["doubt"] if said else [])
    assert all(said in one.message for one in found)
