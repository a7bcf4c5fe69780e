"""Where a target lies, and how a person names its cluster."""
from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.kube import Access
from ansible_collections.releng.runbooks.plugins.module_utils.release.target import OPTIONS, Target
from tests.unit.plugins.module_utils.release.world import target


def test_options_are_the_fields() -> None:
    assert set(OPTIONS) | {"name"} == set(Target.__dataclass_fields__)
    required = {name for name, option in OPTIONS.items() if option.get("required")}
    assert required == {"release", "service", "namespace", "workload", "chart", "journal", "reports"}


def test_access_is_what_it_says() -> None:
    made = target(kubeconfig="prod.conf", context="eu", namespace="shop", timeout=3.0)
    assert made.access == Access("prod.conf", "eu", "shop", 3.0)


@pytest.mark.parametrize(("given", "kubectl", "helm"), [
    ({}, "kubectl -n shop", "helm -n shop"),
    ({"binary": ""}, "kubectl -n shop", "helm -n shop"),
    ({"context": "eu"}, "kubectl --context eu -n shop", "helm --kube-context eu -n shop"),
    ({"binary": "/opt/helm 3/helm"}, "kubectl -n shop", "'/opt/helm 3/helm' -n shop"),
    (
        {"kubeconfig": "prod.conf", "context": "arn:aws:eks:eu-west-1:123:cluster/shop"},
        "kubectl --kubeconfig prod.conf --context arn:aws:eks:eu-west-1:123:cluster/shop -n shop",
        "helm --kubeconfig prod.conf --kube-context arn:aws:eks:eu-west-1:123:cluster/shop -n shop",
    ),
    (
        {"kubeconfig": f"a b.conf{os.pathsep}c.conf"},
        f"env 'KUBECONFIG=a b.conf{os.pathsep}c.conf' kubectl -n shop",
        f"env 'KUBECONFIG=a b.conf{os.pathsep}c.conf' helm -n shop",
    ),
    (
        {"context": "eu; rm -rf $HOME", "namespace": "shop'"},
        "kubectl --context 'eu; rm -rf $HOME' -n 'shop'\"'\"''",
        "helm --kube-context 'eu; rm -rf $HOME' -n 'shop'\"'\"''",
    ),
])  # fmt: skip
def test_how_a_person_calls_it(given: dict[str, str], kubectl: str, helm: str) -> None:
    made = target(**given)
    assert (made.kubectl, made.helm) == (kubectl, helm)


def test_a_home_is_written_out_because_quotes_would_keep_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "my home"))
    words = shlex.split(target(kubeconfig="~/prod.conf").kubectl)
    assert words[2] == str(tmp_path / "my home" / "prod.conf")
