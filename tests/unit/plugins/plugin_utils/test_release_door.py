"""The metrics that a door is given: validated with its arguments, completed by the provider itself."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.releng.runbooks.plugins.module_utils.errors import Refused
from ansible_collections.releng.runbooks.plugins.module_utils.metrics import PROVIDERS
from ansible_collections.releng.runbooks.plugins.module_utils.metrics.collect import Collector
from ansible_collections.releng.runbooks.plugins.plugin_utils.release_door import METRICS, Hands, collector
from tests.unit.clock import FakeClock

HANDS = cast(Hands, SimpleNamespace(session=SimpleNamespace(clock=FakeClock())))


def given(metrics: Any) -> Any:
    """What a door gets for it."""
    return ArgumentSpecValidator({"metrics": METRICS}).validate({"metrics": metrics})


@pytest.mark.parametrize("metrics", [None, {}, {"provider": "prometheus"}, {"options": {"timeout": 2}}])
def test_what_the_provider_needs_is_named(metrics: Any) -> None:
    found = given(metrics)
    assert not found.error_messages
    with pytest.raises(Refused, match=r"the metrics provider prometheus needs url\. Set metrics\.options\.url"):
        collector(found.validated_parameters["metrics"], HANDS)


def test_what_is_not_given_is_left_to_the_provider() -> None:
    found = given({"options": {"url": "https://prometheus.example.com"}})
    assert not found.error_messages
    assert isinstance(collector(found.validated_parameters["metrics"], HANDS), Collector)


def test_an_option_that_no_provider_has_is_refused() -> None:
    names = {name for cls in PROVIDERS.values() for name in cls.OPTIONS}
    found = given({"options": {"ulr": "x"}})
    assert found.error_messages == [
        f"metrics.options.ulr. Supported parameters include: {', '.join(sorted(names))}."
    ]


def test_secrets_of_a_provider_are_secrets_of_the_door() -> None:
    found = given({"options": {"url": "https://prometheus.example.com", "headers": {"Authorization": "lynx-and-owl"}}})
    assert found._no_log_values == {"lynx-and-owl"}
