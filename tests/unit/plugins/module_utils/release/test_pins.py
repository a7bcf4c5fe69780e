"""Stable keeps its size while traffic is elsewhere, and gets its own limits back."""
from __future__ import annotations

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Unreachable
from ansible_collections.releng.runbooks.plugins.module_utils.release import pins
from tests.unit.fake_kube import FakeKube
from tests.unit.plugins.module_utils.release.world import HPA, PINNED, autoscaler, deployment


def minimum(kube: FakeKube, name: str = "shop") -> int | None:
    found = kube.peek(HPA, name)
    assert found is not None
    value: int | None = found["spec"].get("minReplicas")
    return value


@pytest.fixture
def kube() -> FakeKube:
    made = FakeKube()
    made.add(deployment("shop"), autoscaler(2))
    return made


def test_the_minimum_is_raised_to_the_size_of_now_and_given_back(kube: FakeKube) -> None:
    planned = pins.plan(kube, "shop", pins.size(kube, "shop"))
    assert planned == PINNED
    assert minimum(kube) == 2, "a plan changes nothing"
    pins.apply(kube, planned)
    assert minimum(kube) == 4
    assert pins.restore(kube, planned)
    assert minimum(kube) == 2


def test_each_half_may_be_done_twice(kube: FakeKube) -> None:
    for _again in range(2):
        pins.apply(kube, PINNED)
    assert minimum(kube) == 4
    assert [pins.restore(kube, PINNED) for _again in range(2)] == [True, False]
    assert minimum(kube) == 2


def test_an_upgrade_writes_its_own_number_and_it_is_pinned_again(kube: FakeKube) -> None:
    pins.apply(kube, PINNED)
    kube.edit(HPA, "shop", lambda obj: obj["spec"].update(minReplicas=3))
    pins.apply(kube, PINNED)
    assert minimum(kube) == 4


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_minimum_that_is_high_enough_is_left_alone(kube: FakeKube, size: int) -> None:
    assert pins.plan(kube, "shop", size) == []


def test_an_autoscaler_without_a_minimum_has_one_pod(kube: FakeKube) -> None:
    kube.edit(HPA, "shop", lambda obj: obj["spec"].pop("minReplicas"))
    planned = pins.plan(kube, "shop", 4)
    assert planned[0]["patch"] == {"spec": {"minReplicas": 1}}
    pins.apply(kube, planned)
    pins.restore(kube, planned)
    assert minimum(kube) == 1


def test_only_the_autoscaler_of_the_workload_is_meant() -> None:
    kube = FakeKube()
    kube.add(autoscaler(1, "cart", "cart"), autoscaler(2, "shop", "by-another-name"))
    found = pins.autoscaler(kube, "shop")
    assert found is not None and found["metadata"]["name"] == "by-another-name"
    kube.edit(HPA, "by-another-name", lambda obj: obj["spec"]["scaleTargetRef"].update(kind="StatefulSet"))
    assert pins.autoscaler(kube, "shop") is None
    assert pins.plan(kube, "shop", 4) == []


def test_what_a_person_has_set_meanwhile_is_left_alone(kube: FakeKube) -> None:
    pins.apply(kube, PINNED)
    kube.edit(HPA, "shop", lambda obj: obj["spec"].update(minReplicas=6))
    assert not pins.restore(kube, PINNED)
    assert minimum(kube) == 6


def test_an_autoscaler_that_the_new_version_does_not_have_is_no_trouble(kube: FakeKube) -> None:
    kube.delete(HPA, "shop", pins.API_VERSION)
    pins.apply(kube, PINNED)
    assert not pins.restore(kube, PINNED)
    assert kube.names(HPA) == []


def test_an_outage_is_not_taken_for_one_that_is_gone(kube: FakeKube) -> None:
    kube.fail_next("merge_patch", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        pins.apply(kube, PINNED)
    kube.fail_next("get", Unreachable("no answer"))
    with pytest.raises(Unreachable):
        pins.restore(kube, PINNED)


def test_the_size_is_what_the_workload_wants() -> None:
    kube = FakeKube()
    kube.add(deployment("shop", replicas=7, ready=2), deployment("cart"))
    kube.edit("Deployment", "cart", lambda obj: obj["spec"].pop("replicas"))
    assert [pins.size(kube, name) for name in ("shop", "cart", "nothing")] == [7, 1, 1]
