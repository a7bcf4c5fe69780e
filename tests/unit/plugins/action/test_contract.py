"""What every door keeps to, asked in real runs: where it works, what it refuses, how it fails, what it never shows."""
from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.plugins.action.doors import (
    DOORS,
    NAMES,
    ROOT,
    Door,
    described,
    innermost,
    least,
    wrong_choices,
    wrong_types,
)
from tests.unit.plugins.action.stage import HURRIED, NAMESPACE, OURS, Answer, Ask, Asked, Stage
from tests.unit.plugins.module_utils.checks import world

CASES = yaml.safe_load((ROOT / "tests/unit/cases/doors.yml").read_text())
LIBRARIES = ("jmespath", "kubernetes", "requests", "sqlalchemy")
# What Ansible itself makes of a failure.
THEIRS = {"exception"}
HIDDEN = "lynx-and-owl"
BAD = ("unknown and missing", "unknown and missing inside", "wrong", "wrong gates", "wrong probes")
SPEC_SECRET = "heron-and-hare"
EVERY = pytest.mark.parametrize("door", DOORS, ids=NAMES)


# The runs ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with world.serving() as place:
        yield place


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, registry: str) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("doors"), manifest(registry)) as found:
        yield found


def manifest(registry: str) -> list[dict[str, Any]]:
    """The sample service, with a route that its gateway has taken."""
    made = world.manifest(f"{registry}/shop:1.3.0")
    good = [{"type": kind, "status": "True", "observedGeneration": 1} for kind in ("Accepted", "ResolvedRefs")]
    made[2]["status"] = {"parents": [{"conditions": good}]}
    return made


def variables(stage: Stage, registry: str, kubeconfig: Path) -> dict[str, Any]:
    """What precheck reads: it is the one door that is not given a target."""
    return {
        **CASES["variables"], "target_kubeconfig": str(kubeconfig), "helm_release_binary": str(stage.helm),
        "target_journal": f"sqlite:///{stage.place}/journal.db", "precheck_insecure_registries": [registry],
        "release_gates": [world.GATE],
        "release_metrics": {"provider": "prometheus", "options": {"url": f"http://{registry}"}},
    }  # fmt: skip


def arguments(stage: Stage, door: Door, task: str, kubeconfig: Path | str) -> dict[str, Any]:
    """As few as it takes. Every task has a Helm release of its own, so that none meets what another has left."""
    target = {
        "release": release_of(door.name, task), "service": "shop", "namespace": NAMESPACE, "workload": "shop",
        "chart": "charts/shop", "kubeconfig": str(kubeconfig), "binary": str(stage.helm),
        "journal": f"sqlite:///{stage.place}/{release_of(door.name, task)}.db",
        "reports": str(stage.place / "reports"),
    }  # fmt: skip
    more = {name: CASES["known"][name] for name in ("version",) if name in door.spec}
    return {**least(door.spec, {**CASES["known"], "target": target}), **more, **secrets(door.spec)}


def secrets(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A secret for every option that its specification calls one, and the mappings that lead there."""
    found: dict[str, Any] = {}
    for name, option in spec.items():
        inside = secrets(option.get("options") or {})
        if option.get("no_log"):
            found[name] = {"Authorization": SPEC_SECRET} if option["type"] == "dict" else SPEC_SECRET
        elif inside and not option.get("required"):
            found[name] = inside
    return found


def release_of(door: str, task: str) -> str:
    return re.sub(r"[^a-z]+", "-", f"{door} {task}")


@pytest.fixture(scope="module")
def answering(stage: Stage, registry: str) -> Asked:
    """Everything answers: the API server, helm, the registry, the metrics."""
    asks = {
        door.name: {
            **{
                task: Ask(arguments(stage, door, task, stage.kubeconfig), words)
                for task, words in CASES["words"].items()
            },
            "environment": Ask(arguments(stage, door, "environment", ""), {
                "environment": {"KUBECONFIG": str(stage.kubeconfig)}, "vars": {"target_kubeconfig": ""},
            }),
            **_bad(door, arguments(stage, door, "bad", stage.kubeconfig)),
        }
        for door in DOORS
    }  # fmt: skip
    return stage.ask("answering", asks, "-vvv", variables=variables(stage, registry, stage.kubeconfig))


def _bad(door: Door, good: Mapping[str, Any]) -> dict[str, Ask]:
    inside = {**good, "target": {"sahre": 1}}
    return {
        "unknown and missing": Ask({"sahre": 1}),
        **({"unknown and missing inside": Ask(inside)} if "target" in good else {}),
        "wrong": Ask(wrong(door.spec, good, "sideways")),
        **{
            f"wrong {name}": Ask({**good, name: [{"name": "sideways"}]}, {"check_mode": True})
            for name in ("gates", "probes") if name in door.spec
        },
    }  # fmt: skip


def wrong(spec: Mapping[str, Any], good: Mapping[str, Any], given: str) -> dict[str, Any]:
    """``good``, with a wrong type or choice for every option that can have one, also inside of mappings."""
    inside = {name: wrong(spec[name]["options"], good[name], given) for name in good if spec[name].get("options")}
    return {**good, **wrong_types(spec), **wrong_choices(spec, given), **inside}


@pytest.fixture(scope="module")
def silent(stage: Stage, registry: str) -> Asked:
    """Nobody listens where the kubeconfig leads."""
    (stage.place / "hurried").mkdir()
    (stage.place / "hurried/sitecustomize.py").write_text(HURRIED)
    asks = {
        door.name: {
            task: Ask(arguments(stage, door, f"silent {task}", stage.silent), CASES["words"][task])
            for task in ("plain", "check")
        }
        for door in DOORS
    }  # fmt: skip
    known = variables(stage, registry, stage.silent)
    return stage.ask("silent", asks, variables=known, PYTHONPATH=str(stage.place / "hurried"))


@pytest.fixture(scope="module")
def bare(stage: Stage, registry: str) -> Asked:
    """Ansible is installed, and no library of ours."""
    place = stage.place / "bare"
    place.mkdir()
    for name in LIBRARIES:
        (place / f"{name}.py").write_text(f"raise ImportError('no {name}')\n")
    asks = {door.name: {"plain": Ask(arguments(stage, door, "bare", stage.kubeconfig))} for door in DOORS}
    known = variables(stage, registry, stage.kubeconfig)
    return stage.ask("without-libraries", asks, variables=known, PYTHONPATH=str(place))


@pytest.fixture(scope="module")
def hidden(stage: Stage, registry: str) -> Asked:
    """`no_log`, and every text among the arguments is a secret; with our own callback, as loud as it gets."""
    place = stage.place / HIDDEN
    place.symlink_to(stage.place, target_is_directory=True)
    asks = {}
    for door in DOORS:
        given = secret(door.spec, arguments(stage, door, "hidden", ""))
        if "target" in given:
            given["target"] |= {
                "kubeconfig": str(place / stage.kubeconfig.name), "context": "", "binary": str(place / "bin/helm"),
                "journal": f"sqlite:///{place}/journal.db", "reports": str(place / "reports"),
            }  # fmt: skip
        nowhere = copy.deepcopy(given)
        nowhere.get("target", {}).update(kubeconfig=f"nowhere/{HIDDEN}", context=HIDDEN)
        asks[door.name] = {
            "check": Ask(given, {"no_log": True, "check_mode": True, "diff": True}),
            "nowhere": Ask(nowhere, {"no_log": True}),
            "wrong": Ask({**wrong(door.spec, given, HIDDEN), "sahre": HIDDEN}, {"no_log": True}),
        }
    known = variables(stage, registry, stage.kubeconfig)
    return stage.ask("hidden", asks, "-vvv", variables=known, ANSIBLE_CALLBACKS_ENABLED="releng.runbooks.timeline")


def secret(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """``given``, and every other option that takes a text, with the secret in each of them."""
    made = dict(given)
    for name, option in spec.items():
        if option["type"] == "str" and not option.get("choices"):
            made[name] = f"{given.get(name, '')}{HIDDEN}"
        elif option["type"] == "dict":
            made[name] = secret(option.get("options") or {}, given.get(name) or {}) or {"password": HIDDEN}
    return made


@pytest.fixture(scope="module")
def runs(answering: Asked, silent: Asked, bare: Asked, hidden: Asked) -> dict[str, Asked]:
    return {"answering": answering, "silent": silent, "bare": bare, "hidden": hidden}


# Failures ------------------------------------------------------------------------------------------------------------


@EVERY
def test_every_failure_reaches_its_rescue(runs: dict[str, Asked], door: Door) -> None:
    for name, asked in runs.items():
        counts = asked.counted(door.name)
        failures = [task for task, answer in asked.answers[door.name].items() if answer.failed]
        assert (counts["rescued"], counts["failed"], counts["unreachable"]) == (len(failures), 0, 0), name


@EVERY
def test_every_failure_has_the_same_shape(runs: dict[str, Asked], door: Door) -> None:
    for name, asked in runs.items():
        for task, answer in asked.answers[door.name].items():
            if answer.failed:
                said = f"{name}, {task}: {json.dumps(answer.result)}"
                assert set(answer.result) - THEIRS - {"facts"} == {"failed", "changed", "msg"}, said
                assert answer.result["changed"] is False and answer.result.get("facts", {"any": 1}), said
                assert "unreachable" not in answer.result, said


@EVERY
def test_every_failure_is_told_in_a_sentence(runs: dict[str, Asked], door: Door) -> None:
    for name, asked in runs.items():
        for task, answer in asked.answers[door.name].items():
            if answer.failed:
                said = f"{name}, {task}: {answer.msg}"
                assert re.fullmatch(r"[A-Z*r].{10,}[^.]\.(?: .+)?", answer.msg), said
                assert task == "wrong" or len(answer.msg) < 500, said
                assert ".." not in answer.msg.replace("../", ""), said
                assert not re.search(r"Traceback|File \"|unexpected|Error\b", answer.msg), said


def test_a_run_with_failures_that_were_rescued_says_no_traceback(runs: dict[str, Asked]) -> None:
    for name, asked in runs.items():
        assert (asked.code, "Traceback" in asked.out) == (0, False), f"{name}: {asked.out}"


# What it is asked to be and is not ------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("task", CASES["refused"])
def test_another_place_or_user_is_refused_by_name(answering: Asked, door: Door, task: str) -> None:
    why = CASES["refused"][task]
    assert answering.answers[door.name][task].msg == f"{OURS}.{door.name} runs on the control node: {why}."


@EVERY
@pytest.mark.parametrize("task", ["environment", "delegate_to here"])
def test_environment_and_the_control_node_itself_make_no_difference(answering: Asked, door: Door, task: str) -> None:
    """The environment names the cluster: without it, nothing would be found there."""
    answers = answering.answers[door.name]
    told = [json.dumps(answers[one].result).replace(release_of(door.name, one), "it") for one in (task, "plain")]
    assert told[0] == told[1]


# Arguments -----------------------------------------------------------------------------------------------------------


@EVERY
def test_an_unknown_argument_is_named_with_those_that_are_known(answering: Asked, door: Door) -> None:
    answers = answering.answers[door.name]
    assert f"unknown arguments: sahre; there are {', '.join(sorted(door.spec))}." in answers["unknown and missing"].msg
    if "target" in door.spec:
        known = ", ".join(sorted(door.spec["target"]["options"]))
        said = answers["unknown and missing inside"].msg
        assert f"unknown arguments: target.sahre; there are {known}." in said


@EVERY
def test_every_argument_that_is_missing_is_named(answering: Asked, door: Door) -> None:
    answers = answering.answers[door.name]
    wanted = ", ".join(sorted(name for name, option in door.spec.items() if option.get("required")))
    assert f": missing required arguments: {wanted}; " in answers["unknown and missing"].msg
    if "target" in door.spec:
        inside = door.spec["target"]["options"].items()
        wanted = ", ".join(sorted(name for name, option in inside if option.get("required")))
        said = answers["unknown and missing inside"].msg
        assert f": missing required arguments: {wanted} found in target; " in said


@EVERY
def test_every_argument_that_is_wrong_is_named(answering: Asked, door: Door) -> None:
    said = answering.answers[door.name]["wrong"].msg
    for name, option in innermost(door.spec):
        if option["type"] != "str":
            assert re.search(rf"'{name}' is of type \w+[^,]*, which is no {option['type']}\b", said), name
        elif option.get("choices"):
            allowed = ", ".join(map(str, option["choices"]))
            assert f"value of {name} must be one of: {allowed}, got: sideways" in said


def test_gates_and_probes_are_read_before_anything_else(answering: Asked) -> None:
    """In check mode, and without an open release."""
    for name, said in CASES["read first"].items():
        doors = [door.name for door in DOORS if name in door.spec]
        assert doors and {answering.answers[door][f"wrong {name}"].msg for door in doors} == {said}


@EVERY
def test_the_documentation_tells_the_arguments(door: Door) -> None:
    assert described(door.documentation["options"]) == described(door.spec)


# What is changed -----------------------------------------------------------------------------------------------------


@EVERY
def test_what_says_that_it_changed_nothing_left_nothing(runs: dict[str, Asked], stage: Stage, door: Door) -> None:
    answers = {
        **runs["answering"].answers[door.name],
        **{f"silent {task}": answer for task, answer in runs["silent"].answers[door.name].items()},
    }  # fmt: skip
    for task in ("plain", "check", "check and diff", "environment", "delegate_to here", "silent plain", "bad"):
        name = f"release-{release_of(door.name, task)}"
        answer = answers.get(task)
        left = {key[1]: one for key, one in stage.api.objects.items() if key[3] == name}
        if answer is None or not answer.result["changed"] or "check" in task:
            holder = left.pop("Lease", {"spec": {}})["spec"].get("holderIdentity", "")
            assert (left, holder) == ({}, ""), task
        journal = stage.place / f"{release_of(door.name, task)}.db"
        assert "check" not in task or not (left or journal.exists()), task


def test_nothing_else_was_touched(runs: dict[str, Asked], stage: Stage, registry: str) -> None:
    ours = re.compile(r"(?:POST|PUT|PATCH) /\S+/(?:leases|configmaps)(?:/release-\S+)?")
    assert not [line for line in stage.writes if not ours.fullmatch(line)]
    for one in manifest(registry):
        found = stage.api.objects[one["apiVersion"], one["kind"], NAMESPACE, one["metadata"]["name"]]
        assert (found.get("spec"), found.get("status")) == (one.get("spec"), one.get("status"))
    asked = [line for line in stage.helm_asked() if "--dry-run=server" not in line]
    assert asked and {line.split()[0] for line in asked} <= {"version", "history", "get", "lint"}


@EVERY
def test_only_check_mode_says_what_would_be_done(answering: Asked, door: Door) -> None:
    answers = answering.answers[door.name]
    assert not answers["plain"].msg.startswith("would ")
    assert not answers["check"].result["changed"] or answers["check"].msg.startswith("would ")
    assert "diff" not in answers["check"].result


@EVERY
def test_the_documentation_tells_what_diff_shows(answering: Asked, door: Door) -> None:
    shown = answering.answers[door.name]["check and diff"].result.get("diff", {}).get("after")
    attributes = door.documentation["attributes"]
    assert attributes["diff_mode"]["support"] == ("full" if shown else "none")
    assert attributes["check_mode"]["support"] == "full"


@EVERY
def test_the_documentation_tells_what_comes_back(answering: Asked, door: Door) -> None:
    answers = answering.answers[door.name].values()
    seen = {key for answer in answers if not answer.failed for key in answer.result}
    assert (seen | door.returns) - {"changed", "failed", "msg", "diff"} <= set(door.returned)


# What is missing -----------------------------------------------------------------------------------------------------


@EVERY
def test_an_api_server_that_is_silent_is_named(silent: Asked, door: Door) -> None:
    assert re.search(r"no answer from http://127\.0\.0\.1:\d+ .*refused", silent.answers[door.name]["plain"].msg)


@EVERY
def test_a_missing_library_is_named_with_the_remedy(bare: Asked, door: Door) -> None:
    told = bare.answers[door.name]["plain"].msg
    assert re.match(r"Python library kubernetes is missing for \S+/python\S*\. ", told)
    assert "-m pip install 'kubernetes>=" in told


# Secrets -------------------------------------------------------------------------------------------------------------


def test_what_a_specification_calls_a_secret_is_not_printed(answering: Asked) -> None:
    assert [door.name for door in DOORS if SPEC_SECRET in str(secrets(door.spec))] == ["helm_upgrade", "traffic_step"]
    assert SPEC_SECRET not in answering.out


def test_under_no_log_no_argument_is_printed(hidden: Asked) -> None:
    assert HIDDEN not in hidden.out
    assert "[canary]" in hidden.out and "fatal: [canary]: FAILED!" in hidden.out


@EVERY
def test_under_no_log_a_failure_is_told_all_the_same(hidden: Asked, door: Door) -> None:
    answers = hidden.answers[door.name]
    assert "unknown arguments: sahre; there are " in answers["wrong"].msg
    if "target" in door.spec:
        assert answers["nowhere"].msg.startswith("There is no kubeconfig at ****")


# The document --------------------------------------------------------------------------------------------------------


def test_the_document_tells_the_truth(runs: dict[str, Asked]) -> None:
    """The table of docs/doors.md is what the runs have shown."""
    assert table(runs) in (ROOT / "docs/doors.md").read_text(), table(runs)


def table(runs: dict[str, Asked]) -> str:
    """Door by column."""
    rows = [_row(door, {name: asked.answers[door.name] for name, asked in runs.items()}, runs) for door in DOORS]
    head = ["door", *rows[0]]
    body = [[f"`{door.name}`", *row.values()] for door, row in zip(DOORS, rows, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body))


def _row(door: Door, said: dict[str, dict[str, Answer]], runs: dict[str, Asked]) -> dict[str, str]:
    answering, silent = said["answering"], said["silent"]

    def word(answer: Answer, failed: str = "refuses", changed: str = "changes", well: str = "works") -> str:
        return failed if answer.failed else changed if answer.result["changed"] else well

    bad = [answering[task] for task in BAD if task in answering]
    shown = "diff" in answering["check and diff"].result
    return {
        "no release open": word(answering["plain"]),
        "`--check`": word(answering["check"], changed="plans", well="looks"),
        "`--diff`": "objects" if shown else "nothing",
        "`become`": word(answering["become"]),
        "`async`": word(answering["async"]),
        "`delegate_to`": word(answering["delegate_to"]),
        "`environment`": "honours" if word(answering["environment"]) == word(answering["plain"]) else "ignores",
        "`no_log`": "shows" if HIDDEN in runs["hidden"].out else "hides",
        "bad argument": " ".join(sorted({word(answer) for answer in bad})),
        "no API server": word(silent["plain"], failed="fails"),
        "`--check`, no API server": word(silent["check"], failed="fails", changed="plans", well="looks"),
        "no library": word(said["bare"]["plain"], failed="fails"),
    }  # fmt: skip
