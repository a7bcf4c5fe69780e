"""Names of images as an engine reads them, and what a registry says over HTTP."""
from __future__ import annotations

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.checks import registry
from ansible_collections.releng.runbooks.plugins.module_utils.checks.chart import check_image
from tests.unit.plugins.module_utils.checks.world import World, manifest


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("docker.io", "library/nginx", "latest")),
        ("team/shop:1.4", ("docker.io", "team/shop", "1.4")),
        ("registry.example.com/shop:1", ("registry.example.com", "shop", "1")),
        ("localhost/shop", ("localhost", "shop", "latest")),
        ("198.18.0.1:5000/a/b/shop:1.4.0", ("198.18.0.1:5000", "a/b/shop", "1.4.0")),
        ("host:5000/shop", ("host:5000", "shop", "latest")),
        ("docker.io/nginx:1", ("docker.io", "library/nginx", "1")),
        ("r.example.com/shop:1@sha256:ab", ("r.example.com", "shop", "sha256:ab")),
    ],
)
def test_names(text: str, parts: tuple[str, str, str]) -> None:
    image = registry.Image.parse(text)
    assert (image.registry, image.repository, image.reference) == parts


@pytest.mark.parametrize(
    ("name", "there", "why"),
    [
        ("shop:1.4.0", True, ""),
        ("shop:9.9.9", False, "has no shop with 9.9.9"),
        ("token:1.4.0", True, ""),
        ("token:9.9.9", False, "has no token"),
        ("closed:1.4.0", None, "wants a login"),
        ("login:1.4.0", None, "wants a login"),
        ("busy:1.4.0", None, "answers 429"),
        ("moved:1.4.0", True, ""),
    ],
)
def test_what_a_registry_says(server: str, name: str, there: bool | None, why: str) -> None:
    answer = registry.ask(f"{server}/{name}", [server])
    assert answer.there is there
    assert why in answer.why


def test_a_registry_that_is_not_there_says_nothing() -> None:
    answer = registry.ask("127.0.0.1:1/shop:1", ["127.0.0.1:1"])
    assert (answer.there, answer.why) == (None, "127.0.0.1:1 gives no answer (ConnectionError)")


def test_plain_http_has_to_be_allowed(server: str) -> None:
    assert registry.ask(f"{server}/shop:1.4.0").there is None


@pytest.mark.parametrize(("tag", "levels"), [("shop:1.4.0", []), ("shop:9.0", ["refuse"]), ("login:1", ["doubt"])])
def test_the_check(world: World, tag: str, levels: list[str]) -> None:
    world.render(manifest(f"{world.registry}/{tag}"))
    found = check_image(world.context())
    assert [one.level for one in found] == levels
    assert all(tag in one.message for one in found)
