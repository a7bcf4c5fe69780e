# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What helm is asked, and what is made of its answers (recorded from helm 3.22), by a stand-in that writes down."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.releng.runbooks.plugins.module_utils import errors, helm_errors
from ansible_collections.releng.runbooks.plugins.module_utils.helm import Helm
from ansible_collections.releng.runbooks.plugins.module_utils.kube_connect import Access
from ansible_collections.releng.runbooks.plugins.module_utils.poll import SystemClock

CASES = Path(__file__).parents[2] / "cases"
ERRORS: list[dict[str, Any]] = yaml.safe_load((CASES / "helm_errors.yml").read_text())
BUSY = "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress"
HOOK = {"name": "shop-test", "kind": "Pod", "path": "shop/t.yaml", "manifest": "kind: Pod", "events": ["test"]}
MIGRATE = {"name": "shop-migrate", "kind": "Job", "path": "shop/m.yaml", "events": ["pre-upgrade", "pre-install"]}
HISTORY = [
    {"revision": 1, "updated": "2026-01-01T01:00:00Z", "status": "deployed", "chart": "shop-0.1.0",
     "app_version": "1.0.0", "description": "Install complete"},
    {"revision": 2, "updated": "2026-01-01T02:00:00Z", "status": "pending-upgrade", "chart": "shop-0.1.0",
     "app_version": "1.1.0", "description": "Preparing upgrade"},
]  # fmt: skip

STAND_IN = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
call = {{"argv": sys.argv[1:], "stdin": sys.stdin.read(), "env": dict(os.environ), "cwd": os.getcwd()}}
with open(here / "calls", "a") as calls:
    calls.write(json.dumps(call) + "\\n")
code, out, err = json.loads((here / "answers").read_text())[sys.argv[1]]
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


class StandIn:
    """A program that gives the answers that it is told, by the first word of the command."""

    def __init__(self, place: Path) -> None:
        self.place, self.binary = place, place / "helm"
        self.binary.write_text(STAND_IN.format(python=sys.executable))
        self.binary.chmod(0o755)
        self.answers: dict[str, tuple[int, str, str]] = {}
        self.answer("version", "v3.22.0")

    def answer(self, command: str, out: Any = "", err: str = "", code: int = 0) -> None:
        self.answers[command] = (code, out if isinstance(out, str) else json.dumps(out), err)
        (self.place / "answers").write_text(json.dumps(self.answers))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.place / "calls").read_text().splitlines()]


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def helm(stand_in: StandIn, kubeconfig: str = "admin.conf", context: str = "lab") -> Helm:
    return Helm(str(stand_in.binary), Access(kubeconfig, context, "shop"), "shop")


WHERE = ["--kubeconfig", "admin.conf", "--kube-context", "lab", "--namespace", "shop"]


def test_version(stand_in: StandIn) -> None:
    asked = helm(stand_in)
    assert (asked.version(), asked.version()) == ((3, 22, 0), (3, 22, 0))
    assert len(stand_in.calls) == 1, "it is asked once"
    stand_in.answer("version", "hello")
    with pytest.raises(errors.Refused, match="'hello' when asked for its version"):
        helm(stand_in).version()


def test_no_such_program() -> None:
    with pytest.raises(errors.NotFound, match="no program '/nowhere/helm'.*helm_release_binary"):
        Helm("/nowhere/helm", Access(), "shop").history()


def test_history(stand_in: StandIn) -> None:
    stand_in.answer("history", HISTORY[::-1])
    first, second = helm(stand_in).history()
    assert (first.revision, first.status, first.chart, first.app_version) == (1, "deployed", "shop-0.1.0", "1.0.0")
    assert (second.description, second.updated) == ("Preparing upgrade", "2026-01-01T02:00:00Z")
    assert stand_in.calls[0]["argv"] == ["history", "shop", "-o", "json", "--max", "256", *WHERE]


def test_nothing_installed_is_an_empty_history_and_no_values(stand_in: StandIn) -> None:
    for command in ("history", "get"):
        stand_in.answer(command, "", "Error: release: not found", 1)
    assert helm(stand_in).history() == []
    with pytest.raises(errors.NotFound, match="read the values of shop/shop"):
        helm(stand_in).values()


def test_values(stand_in: StandIn) -> None:
    stand_in.answer("get", {"image": {"tag": "1.20"}})
    assert helm(stand_in).values(3) == {"image": {"tag": "1.20"}}
    assert stand_in.calls[0]["argv"] == ["get", "values", "shop", "-o", "json", "--revision", "3", *WHERE]
    stand_in.answer("get", "null\n")
    assert helm(stand_in).values() == {}


def test_manifest(stand_in: StandIn) -> None:
    stand_in.answer("get", "---\n# Source: shop/templates/a.yaml\nkind: Service\nmetadata: {name: shop}\n---\n")
    assert helm(stand_in).manifest() == [{"kind": "Service", "metadata": {"name": "shop"}}]
    assert stand_in.calls[0]["argv"] == ["get", "manifest", "shop", *WHERE]


def test_render_is_the_upgrade_without_its_effect(stand_in: StandIn) -> None:
    made = {"manifest": "kind: Service\nmetadata: {name: shop}\n", "hooks": [HOOK, MIGRATE], "info": {"notes": "Hello"}}
    stand_in.answer("upgrade", made)
    rendered = helm(stand_in).render("oci://registry.example.com/shop", {"tag": "1.20"})
    assert [doc["kind"] for doc in rendered.docs] == ["Service"]
    assert rendered.running_hooks == ["Job shop-migrate (pre-upgrade, pre-install)"], "not what `helm test` runs"
    assert rendered.notes == "Hello"
    assert "Hello" not in repr(rendered) and "metadata" not in repr(rendered)
    call = stand_in.calls[-1]
    assert call["argv"] == [
        "upgrade", "--install", "shop", "oci://registry.example.com/shop", "--reset-values", "--dry-run=server",
        "-o", "json", "-f", "-", *WHERE,
    ]  # fmt: skip
    assert json.loads(call["stdin"]) == {"tag": "1.20"}


def test_render_names_the_revision_that_is_in_the_way(stand_in: StandIn) -> None:
    stand_in.answer("upgrade", "", BUSY, 1)
    stand_in.answer("history", HISTORY)
    with pytest.raises(errors.Conflict, match="Revision 2 is pending-upgrade since 2026-01-01T02:00:00Z") as caught:
        helm(stand_in).render("chart", {})
    assert caught.value.facts == {"revision": 2, "status": "pending-upgrade"}
    assert caught.value.remedy == f"To clear it: {stand_in.binary} rollback shop 1 {' '.join(WHERE)}"
    stand_in.answer("history", [{**HISTORY[1], "status": "pending-install"}])
    with pytest.raises(errors.Conflict, match="helm uninstall shop clears it"):
        helm(stand_in).render("chart", {})
    stand_in.answer("history", HISTORY[:1])
    with pytest.raises(errors.Conflict, match="render chart chart of shop/shop") as caught:
        helm(stand_in).render("chart", {})
    assert caught.value.facts == {}, "it ended in between"


def test_secrets_in_values_are_masked_where_helm_quotes_them(stand_in: StandIn) -> None:
    stand_in.answer("upgrade", "", "Error: template: at <.Values.x>: wrong type for lynx-and-owl", 1)
    with pytest.raises(errors.RunbookError) as caught:
        helm(stand_in).render("chart", {"database": {"password": "lynx-and-owl"}})
    assert "wrong type for ********" in caught.value.message


def test_lint(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.answer(
        "lint",
        "==> Linting shop\n[WARNING] Chart.yaml: icon is recommended\n[ERROR] Chart.yaml: version is required\n"
        "[ERROR] : unable to load chart\n\tvalidation: chart.metadata.version is required\n\n",
        "Error: 1 chart(s) linted, 1 chart(s) failed\n", 1,
    )  # fmt: skip
    assert helm(stand_in).lint(str(tmp_path), {"tag": "1"}) == [
        "Chart.yaml: version is required", ": unable to load chart validation: chart.metadata.version is required",
    ]  # fmt: skip
    assert stand_in.calls[-1]["argv"] == ["lint", str(tmp_path), "--quiet", "-f", "-", "--namespace", "shop"]
    assert helm(stand_in).lint("oci://registry.example.com/shop", {}) == [], "nothing lies here to be read"
    assert len(stand_in.calls) == 1
    stand_in.answer("lint", "", "Error: unknown flag: --quiet", 1)
    with pytest.raises(errors.RunbookError, match="unknown flag"):
        helm(stand_in).lint(str(tmp_path), {})


@pytest.mark.parametrize(("version", "extra"), [("v3.22.0", []), ("v4.3.1", ["--server-side=false"])])
def test_upgrade_and_rollback(stand_in: StandIn, version: str, extra: list[str]) -> None:
    stand_in.answer("version", version)
    stand_in.answer("upgrade", "NOTES: the password is lynx", "")
    stand_in.answer("rollback", "", "Error: no revision for release 7", 1)
    with helm(stand_in).upgrade("./shop", {"tag": "1.20"}, 90.4, "release 7") as child:
        assert child.wait(SystemClock(), 30) == 0
        assert child.output() == "", "what the chart tells people is for nobody here"
    upgrade = stand_in.calls[-1]
    assert upgrade["argv"] == [
        "upgrade", "--install", "shop", "./shop", "--reset-values", "--history-max", "20", "--timeout", "90s", *extra,
        "--description", "release 7", "-f", "-", *WHERE,
    ]  # fmt: skip
    assert json.loads(upgrade["stdin"]) == {"tag": "1.20"}
    with helm(stand_in).rollback(7, 0.2) as child:
        assert child.wait(SystemClock(), 30) == 1
        assert child.output() == "Error: no revision for release 7"
    assert stand_in.calls[-1]["argv"] == [
        "rollback", "shop", "7", "--history-max", "20", "--timeout", "1s", *extra, *WHERE,
    ]  # fmt: skip


def test_environment(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("HELM_CACHE_HOME", "cache")
    monkeypatch.setenv("KUBECONFIG", "ours")
    stand_in.answer("history", [])
    helm(stand_in, kubeconfig="", context="").history()
    one = stand_in.calls[-1]
    assert one["argv"][-2:] == ["--namespace", "shop"] and "--kubeconfig" not in one["argv"]
    assert [one["env"][key] for key in ("HELM_NAMESPACE", "HELM_CACHE_HOME", "KUBECONFIG")] == ["shop", "cache", "ours"]
    helm(stand_in, kubeconfig="a.conf:b.conf").history()
    two = stand_in.calls[-1]
    assert two["env"]["KUBECONFIG"] == "a.conf:b.conf" and "--kubeconfig" not in two["argv"]


def test_an_answer_that_is_none(stand_in: StandIn) -> None:
    stand_in.answer("history", "Flag deprecated")
    with pytest.raises(errors.RunbookError, match="did not answer in JSON"):
        helm(stand_in).history()


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case["holds"])
def test_errors(case: dict[str, Any]) -> None:
    found = helm_errors.explain("x", case["said"], ["hunter22"], "shop")
    assert type(found).__name__ == case["error"]
    assert case["holds"] in found.message and "\n" not in found.message
    assert "hunter22" not in found.message and "swordfish" not in found.message


def test_a_long_error_is_cut() -> None:
    assert len(helm_errors.last_words("Error: " + "x" * 9000)) == helm_errors.MAX_TEXT
