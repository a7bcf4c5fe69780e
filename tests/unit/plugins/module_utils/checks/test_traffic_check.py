"""Whether traffic can be shifted, a canary has room, and the gates get an answer."""
from __future__ import annotations

import decimal
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks.traffic import (
    check_capacity,
    check_foreign,
    check_gates_answer,
    check_route,
    quantity,
)
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from tests.unit.plugins.module_utils.checks.world import World, told

Object = dict[str, Any]


def test_a_route_that_is_not_there(world: World) -> None:
    world.variables["helm_release_route"] = "shopp"
    world.origins["helm_release_route"] = "host_vars/shop.yml:4"
    (found,) = check_route(world.context())
    assert "HTTPRoute shop/shopp does not exist" in found.message
    assert "host_vars/shop.yml:4" in found.remedy


def test_a_route_that_leads_elsewhere(world: World) -> None:
    world.kube.edit("HTTPRoute", "shop", lambda obj: obj["spec"]["rules"][0]["backendRefs"][0].update(name="other"))
    (found,) = check_route(world.context())
    assert "no rule leads to Service shop" in found.message
    assert "other" in found.remedy


@pytest.mark.parametrize(
    ("change", "level", "said"),
    [
        (lambda conditions: conditions[0].update(status="False", reason="NoGateway", message="no listener"), "refuse",
         "NoGateway: no listener"),
        (lambda conditions: conditions.clear(), "doubt", "No gateway has taken"),
    ],
)  # fmt: skip
def test_a_gateway_that_does_not_serve(world: World, change: Any, level: str, said: str) -> None:
    world.kube.edit("HTTPRoute", "shop", lambda obj: change(obj["status"]["parents"][0]["conditions"]))
    (found,) = check_route(world.context())
    assert found.level == level
    assert said in found.message


def test_a_canary_that_is_in_the_route_already(world: World) -> None:
    def add(obj: Object) -> None:
        refs = obj["spec"]["rules"][0]["backendRefs"]
        refs[0]["weight"] = 90
        refs.append({**refs[0], "name": "shop-canary", "weight": 10})

    world.kube.edit("HTTPRoute", "shop", add)
    (found,) = check_route(world.context())
    assert found.message == "HTTPRoute shop names a canary already, which gets 10 %."


@pytest.mark.parametrize(
    ("hard", "used", "levels"),
    [
        ({"requests.cpu": "1"}, {"requests.cpu": "800m"}, []),
        ({"requests.cpu": "1"}, {"requests.cpu": "900m"}, ["doubt"]),
        ({"requests.memory": "256Mi"}, {"requests.memory": "200Mi"}, ["doubt"]),
        ({"pods": "4"}, {"pods": "2"}, []),
        ({"pods": "3"}, {"pods": "2"}, ["doubt"]),
        ({"services": "1"}, {"services": "1"}, []),
    ],
)
def test_a_quota(world: World, hard: dict[str, str], used: dict[str, str], levels: list[str]) -> None:
    """The canary of two pods asks for 200m and 128Mi."""
    world.kube.add({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"},
        "status": {"hard": hard, "used": used},
    })  # fmt: skip
    assert [one.level for one in check_capacity(world.context())] == levels


def test_a_quota_that_may_not_be_read_is_left_to_permissions(world: World) -> None:
    world.kube.forbid("list", "resourcequotas")
    assert check_capacity(world.context()) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("100m", "0.1"), ("2", "2"), ("1.5", "1.5"), ("64Mi", "67108864"), ("1k", "1000"), ("1e3", "1000"), (3, "3")],
)
def test_quantities(text: Any, number: str) -> None:
    assert quantity(text) == decimal.Decimal(number)


def test_no_quantity() -> None:
    with pytest.raises(Refused, match="'many' is no quantity"):
        quantity("many")


@pytest.mark.parametrize(
    ("where", "mark", "owner"),
    [
        ("labels", "argocd.argoproj.io/instance", "Argo CD"),
        ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
        ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
    ],
)
def test_somebody_else_writes_here(world: World, where: str, mark: str, owner: str) -> None:
    world.kube.edit("Deployment", "shop", lambda obj: obj["metadata"].setdefault(where, {}).update({mark: "shop"}))
    (found,) = check_foreign(world.context())
    assert found.level == "doubt"
    assert found.message.startswith(f"{owner} manages Deployment shop")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"provider": "prometheus", "options": {"url": "http://127.0.0.1:1"}}, "Gates cannot judge: Prometheus"),
        ({"provider": "promtheus"}, "did you mean 'prometheus'?"),
        ({"options": {"ulr": "x"}}, "cannot be used"),
        ({}, "cannot be used"),
    ],
)
def test_gates_that_get_no_answer(world: World, wanted: Object, said: str) -> None:
    world.variables["release_metrics"] = wanted
    (found,) = check_gates_answer(world.context())
    assert found.refuses
    assert said in found.message


def test_without_gates_nobody_is_asked(world: World) -> None:
    world.variables |= {"release_gates": [], "release_metrics": {}}
    assert check_gates_answer(world.context()) == []


def test_rolling_needs_no_route_and_no_room(world: World) -> None:
    world.variables |= {"helm_release_strategy": "rolling", "helm_release_route": "none"}
    assert told([*check_route(world.context()), *check_capacity(world.context())]) == []
