"""What `--diff` prints holds no secret."""
from __future__ import annotations

import yaml

from ansible_collections.releng.runbooks.plugins.plugin_utils.shown import MASK, shown


def test_what_a_secret_holds_is_masked_and_its_keys_are_not() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "a"}, "data": {"url": "c2VjcmV0"}, "stringData": {"x": "plain"}}
    (found,) = yaml.safe_load_all(shown([secret]))
    assert found["data"] == {"url": MASK} and found["stringData"] == {"x": MASK}


def test_a_password_in_an_environment_variable_is_masked() -> None:
    text = shown([{"kind": "ConfigMap", "data": {"password": "hunter2", "greeting": "hello"}}])
    assert "hunter2" not in text and "hello" in text


def test_an_empty_secret_is_shown_as_it_is() -> None:
    assert list(yaml.safe_load_all(shown([{"kind": "Secret", "data": None}]))) == [{"kind": "Secret", "data": {}}]
