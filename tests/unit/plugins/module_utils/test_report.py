# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import json
import os
import stat
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils import report
from ansible_collections.releng.runbooks.plugins.module_utils.errors import NotFound, RunbookError
from ansible_collections.releng.runbooks.plugins.module_utils.journal import Journal, ReleaseRecord
from ansible_collections.releng.runbooks.plugins.module_utils.report import lines

PATCH = """kubectl -n shop patch httproute shop --type=json -p '[{"op": "replace", "path": "/spec/rules/0/weight"}]'"""


class Story:
    """Writes a release into a real journal, with a clock that a test moves."""

    def __init__(self, url: str) -> None:
        self.now = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
        self.journal = Journal.open(url, wall=lambda: self.now)

    def begin(self, *targets: str, **changes: Any) -> None:
        values: dict[str, Any] = {
            "procedure": "release", "by": "ada@ctl", "started": "2026-03-01T12:00:00.000Z",
            "inventory": "inventories/lab", "versions": {"shop": "1.4.1"}, "targets": list(targets),
        }
        self.journal.begin(ReleaseRecord("r1", **{**values, **changes}))

    def wait(self, seconds: float) -> None:
        self.now += datetime.timedelta(seconds=seconds)

    def change(self, target: str, stage: str, action: str, ok: bool = True, seconds: float = 0, **data: Any) -> None:
        entry = self.journal.intent("r1", target, stage, action, {}, {}, token=7)
        self.wait(seconds)
        self.journal.result(entry, ok, data)

    def note(self, target: str, stage: str, kind: str, **data: Any) -> None:
        self.journal.note("r1", target, stage, kind, data)

    def step(self, target: str, share: float, verdict: str, *gates: tuple[str, str], seconds: float = 60) -> None:
        self.wait(seconds)
        self.note(
            target, "canary_shift", "step", action=f"shift to {share} %", share=share, measured=share - 0.4,
            verdict=verdict, seconds=seconds, phase="shifting",
            gates=[{"name": "gate", "verdict": each, "text": told, "value": 1, "limit": 2} for each, told in gates],
        )

    def end(self, target: str, result: str, reason: str = "") -> None:
        self.journal.end("r1", target, result, reason)

    def build(self) -> dict[str, Any]:
        return report.build(self.journal, "r1")

    def target(self, name: str = "shop-eu") -> dict[str, Any]:
        (found,) = (target for target in self.build()["targets"] if target["target"] == name)
        return dict(found)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(f"sqlite:///{tmp_path}/journal.db")


@pytest.fixture
def taken_back(story: Story) -> Story:
    story.begin("shop-eu", reason="faster checkout")
    story.note("shop-eu", "snapshot", "target", service="shop", **{"from": "1.4.0", "to": "1.4.1"})
    story.wait(4)
    story.change("shop-eu", "canary", "create shop-canary", seconds=14, text="2 of 2 pods ready")
    story.change("shop-eu", "canary_shift", "shift to 10 %")
    story.step("shop-eu", 10, "PASS", ("PASS", "error rate 0.4 % ≤ 5 %"), ("PASS", "p95 38 ms ≤ 250 ms"))
    story.change("shop-eu", "canary_shift", "shift to 50 %")
    story.step("shop-eu", 50, "FAIL", ("PASS", "p95 38 ms ≤ 250 ms"), ("FAIL", "error rate 12.3 % > 5 %"), seconds=12)
    story.change("shop-eu", "rollback", "all traffic to stable", seconds=0.2)
    story.change("shop-eu", "rollback", "remove shop-canary", seconds=3)
    story.note("shop-eu", "rollback", "verdict", text="told by the gate", next_command="ansible-playbook next.yml")
    story.note("shop-eu", "rollback", "by_hand", commands=[PATCH, "helm history shop"])
    story.end("shop-eu", "taken_back", "error rate 12.3 % > 5 % at a share of 50 %")
    return story


def test_the_shape_of_a_release_that_was_taken_back(taken_back: Story) -> None:
    built = taken_back.build()
    (target,) = built.pop("targets")
    journal = built.pop("journal")
    assert built == {
        "release": "r1", "procedure": "release", "by": "ada@ctl", "started": "2026-03-01T12:00:00.000Z",
        "ended": "2026-03-01T12:01:33.200Z", "seconds": 93.2, "inventory": "inventories/lab",
        "versions": {"shop": "1.4.1"}, "reason": "faster checkout", "command": "", "verdict": "taken_back",
        "validation": None,
    }
    assert journal["problems"] == [] and journal["entries"] == 17 and len(journal["heads"]) == 2
    steps, undo = target.pop("steps"), target.pop("undo")
    assert target == {
        "target": "shop-eu", "service": "shop", "from": "1.4.0", "to": "1.4.1", "result": "taken_back",
        "phase": "shifting", "reason": "error rate 12.3 % > 5 % at a share of 50 %", "findings": [], "probes": [],
        "next_command": "ansible-playbook next.yml", "by_hand": [PATCH, "helm history shop"],
    }
    assert steps[0] == {
        "stage": "canary", "action": "create shop-canary", "share": None, "measured": None, "verdict": "done",
        "gates": [], "text": "2 of 2 pods ready", "seconds": 14.0, "at": "2026-03-01T12:00:04.000Z",
    }
    assert [(step["action"], step["share"], step["measured"], step["verdict"]) for step in steps[1:]] == [
        ("shift to 10 %", 10, 9.6, "PASS"), ("shift to 50 %", 50, 49.6, "FAIL"),
    ]
    assert (steps[2]["at"], steps[2]["seconds"]) == ("2026-03-01T12:01:18.000Z", 12)
    assert steps[2]["gates"][1] == {
        "name": "gate", "verdict": "FAIL", "value": 1, "limit": 2, "text": "error rate 12.3 % > 5 %",
    }
    assert [(step["action"], step["verdict"], step["seconds"]) for step in undo] == [
        ("all traffic to stable", "done", 0.2), ("remove shop-canary", "done", 3.0),
    ]
    assert json.loads(json.dumps(built)) == built


def test_the_text_of_a_release_that_was_taken_back(taken_back: Story) -> None:
    assert report.text(taken_back.build()) == textwrap.dedent("""\
        TAKEN BACK · shop 1.4.1
        release r1 · by ada@ctl · 2026-03-01 12:00:00 UTC · took 93 s · inventory inventories/lab
        why: faster checkout

        shop-eu · shop 1.4.0 → 1.4.1 · TAKEN BACK
          error rate 12.3 % > 5 % at a share of 50 %
          12:00:04   14 s  canary        create shop-canary               done  2 of 2 pods ready
          12:00:18   60 s  canary_shift  shift to 10 % (measured 9.6 %)   PASS  error rate 0.4 % ≤ 5 % ·
                                                                                p95 38 ms ≤ 250 ms
          12:01:18   12 s  canary_shift  shift to 50 % (measured 49.6 %)  FAIL  error rate 12.3 % > 5 %
          12:01:30  0.2 s  undo          all traffic to stable            done
          12:01:30    3 s  undo          remove shop-canary               done
          next:    ansible-playbook next.yml
          by hand: kubectl -n shop patch httproute shop --type=json \\
                     -p '[{"op": "replace", "path": "/spec/rules/0/weight"}]'
                   helm history shop
        """)


def test_the_same_in_a_small_terminal(taken_back: Story) -> None:
    assert report.text(taken_back.build(), width=60) == textwrap.dedent("""\
        TAKEN BACK · shop 1.4.1
        release r1 · by ada@ctl · 2026-03-01 12:00:00 UTC ·
        took 93 s · inventory inventories/lab
        why: faster checkout

        shop-eu · shop 1.4.0 → 1.4.1 · TAKEN BACK
          error rate 12.3 % > 5 % at a share of 50 %
          12:00:04   14 s  done  canary · create shop-canary
                           2 of 2 pods ready
          12:00:18   60 s  PASS  canary_shift ·
                                 shift to 10 % (measured 9.6 %)
                           error rate 0.4 % ≤ 5 % ·
                           p95 38 ms ≤ 250 ms
          12:01:18   12 s  FAIL  canary_shift ·
                                 shift to 50 % (measured 49.6 %)
                           error rate 12.3 % > 5 %
          12:01:30  0.2 s  done  undo · all traffic to stable
          12:01:30    3 s  done  undo · remove shop-canary
          next:    ansible-playbook next.yml
          by hand: kubectl -n shop patch httproute shop \\
                     --type=json \\
                     -p '[{"op": "replace", "path": "/spec/rules/0/weight"}]'
                   helm history shop
        """)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        (["released"], "released"),
        (["released", "unchanged"], "released"),
        (["taken_back", "taken_back"], "taken_back"),
        (["taken_back", "refused"], "taken_back"),
        (["refused", "refused"], "refused"),
        (["released", "taken_back"], "partly"),
        (["released", "refused"], "partly"),
        (["released", "stuck"], "stuck"),
        (["stuck", ""], "stuck"),
        (["released", ""], "unfinished"),
        ([], "unfinished"),
    ],
)
def test_the_verdict_over_all_targets(story: Story, results: list[str], verdict: str) -> None:
    story.begin(*(f"t{number}" for number in range(len(results))))
    for number, result in enumerate(results):
        if result:
            story.end(f"t{number}", result)
    built = story.build()
    assert built["verdict"] == verdict
    finished = bool(results) and "" not in results
    assert (built["ended"], built["seconds"]) == (("2026-03-01T12:00:00.000Z", 0.0) if finished else ("", None))
    assert lines.HEADLINES[verdict] in report.text(built)


def test_what_needs_a_person_is_told_first_and_counted(story: Story) -> None:
    results = {"a": "released", "b": "taken_back", "c": "stuck", "d": "released", "e": ""}
    story.begin(*results)
    for target, result in results.items():
        if result:
            story.end(target, result)
    text = report.text(story.build()).splitlines()
    assert text[0] == (
        "STUCK, a person is needed · shop 1.4.1 · 1 stuck, 1 no result yet, 1 taken back, 2 released"
    )
    assert [line[0] for line in text if " · shop 1.4.1 · " in line and line[1] == " "] == ["c", "e", "b", "a", "d"]


def test_an_open_intent_is_told_as_what_it_is(story: Story) -> None:
    story.begin("shop-eu")
    story.note("shop-eu", "canary_shift", "step", action="shift to 10 %", verdict="PASS")
    story.journal.intent("r1", "shop-eu", "canary_shift", "shift to 10 %", {}, {}, token=1)
    story.note("shop-eu", "promote", "verdict", phase="promoting")
    target = story.target()
    assert [step["verdict"] for step in target["steps"]] == ["PASS", "open"]
    assert target["result"] == "" and target["next_command"].endswith("status.yml -i inventories/lab --limit shop-eu")
    text = report.text(story.build(), width=140)
    assert "shop-eu · shop 1.4.1 · NO RESULT YET · in phase promoting" in text
    assert "open  no result: whoever did this was killed, or is still at it" in text
    assert "not ended" in text


def test_a_failed_undo_says_why(story: Story) -> None:
    story.begin("shop-eu")
    story.change("shop-eu", "rollback", "helm rollback", ok=False, seconds=130, error="stable never became ready")
    story.end("shop-eu", "stuck", "stable is not ready")
    (undo,) = story.target()["undo"]
    assert (undo["verdict"], undo["text"], undo["seconds"]) == ("failed", "stable never became ready", 130.0)
    expected = "  12:00:00  2 min 10 s  undo  helm rollback  failed  stable never became ready"
    assert expected in report.text(story.build()).splitlines()


def test_a_refusal_is_told_once_with_its_remedy(story: Story) -> None:
    story.begin("shop-eu")
    story.note("shop-eu", "precheck", "finding", level="refuse", message="No such image.", remedy="Push it.")
    story.note("shop-eu", "precheck", "finding", level="doubt", message="Nobody watches.", remedy="")
    story.end("shop-eu", "refused")
    assert story.target()["reason"] == "No such image."
    assert report.text(story.build()) == textwrap.dedent("""\
        REFUSED, nothing was changed · shop 1.4.1
        release r1 · by ada@ctl · 2026-03-01 12:00:00 UTC · took 0 s · inventory inventories/lab

        shop-eu · shop 1.4.1 · REFUSED
          refused: No such image. Push it.
          doubt:   Nobody watches.
          next:    ansible-playbook playbooks/status.yml -i inventories/lab --limit shop-eu
        """)


def test_nothing_was_changed_is_said_only_where_it_is_so(story: Story) -> None:
    story.begin("shop-eu")
    story.change("shop-eu", "snapshot", "pin replicas")
    story.end("shop-eu", "refused", "lock was lost")
    assert report.text(story.build()).splitlines()[0] == "REFUSED · shop 1.4.1"


def test_reasons_come_from_the_end_else_the_verdict(story: Story) -> None:
    story.begin("shop-eu")
    story.note("shop-eu", "canary_shift", "verdict", text="NODATA for 60 s")
    assert story.target()["reason"] == "NODATA for 60 s"
    story.end("shop-eu", "taken_back", "no metrics")
    assert story.target()["reason"] == "no metrics"


@pytest.mark.parametrize(
    ("verdict", "gates", "told"),
    [
        ("PASS", [("PASS", "a ≤ 1"), ("PASS", "b ≤ 2")], "a ≤ 1 · b ≤ 2"),
        ("FAIL", [("PASS", "a ≤ 1"), ("NODATA", "b: nothing"), ("FAIL", "c > 3")], "c > 3"),
        ("NODATA", [("PASS", "a ≤ 1"), ("NODATA", "b: nothing")], "b: nothing"),
        ("ERROR", [("ERROR", "query refused"), ("INCONCLUSIVE", "few requests")], "query refused"),
        ("INCONCLUSIVE", [("INCONCLUSIVE", ""), ("PASS", "a")], "gate"),
        ("PASS", [], ""),
    ],
)
def test_a_step_is_told_by_the_gates_that_decided(
    story: Story, verdict: str, gates: list[tuple[str, str]], told: str
) -> None:
    story.begin("shop-eu")
    story.step("shop-eu", 10, verdict, *gates)
    assert f"{verdict}  {told}".strip() in report.text(story.build(), width=200).splitlines()[4]


def test_probes_and_validation(story: Story) -> None:
    story.begin("shop-eu")
    story.note("shop-eu", "verify", "probe", name="ready", status="unhealthy", failed_expectations=["status == 'ok'"])
    story.note("shop-eu", "verify", "probe", name="ready", status="healthy", status_code=200)
    story.note("shop-eu", "verify", "probe", name="bid", of="bid", status="healthy", status_code=200)
    story.note("shop-eu", "verify", "probe", name="db", of="database", status="error", error="timed out after 5 s")
    built = story.build()
    assert built["validation"]["overall_status"] == "FAIL"
    text = report.text(built)
    assert "  probe:   db error · timed out after 5 s\n  probes:  2 of 3 healthy\n" in text
    assert text.endswith("\nvalidation FAIL · bids fine · database FAILED\n")


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ({"service": "healthy", "bid": "healthy", "database": "healthy"}, ("PASS", True, True)),
        ({"service": "unhealthy", "bid": "healthy", "database": "healthy"}, ("FAIL", True, True)),
        ({"service": "healthy", "bid": "unhealthy", "database": "healthy"}, ("FAIL", False, True)),
        ({"service": "healthy", "bid": "healthy", "database": "error"}, ("FAIL", True, False)),
        ({"service": "healthy"}, ("PASS", None, None)),
        ({"bid": "healthy"}, ("FAIL", True, None)),
        ({}, ("FAIL", None, None)),
    ],
)
def test_validation_needs_every_answer_it_asked_for(
    probes: dict[str, str], expected: tuple[str, bool | None, bool | None]
) -> None:
    given = [{"name": of, "of": of, "status": status} for of, status in probes.items()]
    answer = report.validation(given, "2026-03-01T12:00:00.000Z")
    assert (answer["overall_status"], answer["bid_processing"], answer["database_connectivity"]) == expected
    assert answer["timestamp"] == "2026-03-01T12:00:00.000Z"
    assert bool(answer["recommendation"]) is (expected[0] == "FAIL")
    assert answer["service_health"] == ({"service": probes["service"]} if "service" in probes else {})


def test_validation_keeps_targets_apart_and_takes_the_last_answer() -> None:
    probes = [
        {"target": "a", "name": "ready", "status": "unhealthy"},
        {"target": "b", "name": "ready", "status": "healthy"},
        {"target": "a", "name": "ready", "status": "healthy"},
    ]
    answer = report.validation(probes, "now")
    assert answer["service_health"] == {"a ready": "healthy", "b ready": "healthy"}
    assert answer["overall_status"] == "PASS"


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 140])
def test_no_line_is_wider_than_asked_for(story: Story, width: int) -> None:
    targets = ["shop-eu", "a-target-with-quite-a-long-name-in-frankfurt-1"]
    story.begin(*targets, reason="x " * 200, versions={f"service-{number}": f"1.{number}" for number in range(12)})
    for target in targets:
        story.note(target, "precheck", "finding", level="doubt", check="c", message="word " * 50, remedy="")
        story.change(target, "canary", "create " + "objects " * 20, text="and " * 60)
        story.step(target, 10, "PASS", *[("PASS", f"gate {number} is fine, at {number} %") for number in range(9)])
        story.change(target, "rollback", "undo it", ok=False, error="no " * 60)
        story.note(target, "verify", "probe", name="p", status="error", error="e " * 90)
        story.end(target, "stuck", "because " * 40)
    text = report.text(story.build(), width)
    too_wide = [line for line in text.splitlines() if len(line) > width]
    # The one exception: a single word of a command line.
    assert set(too_wide) <= {f"             --limit {targets[1]}"}
    assert text.count("gate 8 is fine, at 8 %") == 2 or width < 60


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize(
    "command",
    [
        PATCH,
        "helm -n shop rollback shop 7 --wait --timeout 5m --cleanup-on-fail --description 'by hand, now'",
        'kubectl patch x -p "{\\"a\\": \\"b c\\"}" --field-manager="me and you" -o name',
    ],
)
def test_commands_can_be_pasted(story: Story, command: str, width: int) -> None:
    story.begin("shop-eu")
    story.note("shop-eu", "rollback", "by_hand", commands=[command])
    text = report.text(story.build(), width)
    pasted = text[text.index("by hand:") + len("by hand:"):]

    def arguments(line: str) -> str:
        script = f"set -- {line.strip()}\nprintf '<%s>' \"$@\""
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

    assert arguments(pasted) == arguments(command)


def test_a_damaged_journal_is_said(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.begin("shop-eu")
    built = story.build()
    built["journal"]["problems"] = ["Entry 3 of chain x was changed after it was written."]
    assert report.text(built).endswith(
        "\n\nJOURNAL DAMAGED: Entry 3 of chain x was changed after it was written.\n"
    )


def test_secrets_of_the_journal_do_not_come_back(tmp_path: Path) -> None:
    story = Story(f"sqlite:///{tmp_path}/journal.db")
    story.begin("shop-eu", command="run -e api_key=lynx-lynx")
    story.change("shop-eu", "promote", "helm upgrade", ok=False, error="https://ops:lynx-lynx@charts/ said no")
    json_path, text_path = report.write(story.build(), tmp_path / "reports")
    assert "lynx" not in json_path.read_text() + text_path.read_text()


def test_an_unknown_release_is_not_found(story: Story) -> None:
    with pytest.raises(NotFound, match="Release r1 is not in the journal"):
        story.build()


def test_files_are_written_whole_and_anew(taken_back: Story, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        json_path, text_path = report.write(taken_back.build(), tmp_path / "new" / "reports")
    finally:
        os.umask(before)
    assert (json_path.name, text_path.name) == ("r1.json", "r1.txt")
    assert json.loads(json_path.read_text(encoding="utf-8")) == taken_back.build()
    assert text_path.read_text(encoding="utf-8") == report.text(taken_back.build())
    assert stat.S_IMODE(json_path.stat().st_mode) == 0o644
    first = json_path.stat().st_ino
    report.write(taken_back.build(), tmp_path / "new" / "reports")
    assert json_path.stat().st_ino != first  # put in its place: whoever has the old one open keeps it whole
    assert sorted(path.name for path in json_path.parent.iterdir()) == ["r1.json", "r1.txt"]


def test_a_report_that_cannot_be_written_leaves_nothing(taken_back: Story, tmp_path: Path) -> None:
    directory = tmp_path / "reports"
    (directory / "r1.json").mkdir(parents=True)
    with pytest.raises(RunbookError, match=f"The report cannot be written to {directory}: Is a directory."):
        report.write(taken_back.build(), directory)
    assert [path.name for path in directory.iterdir()] == ["r1.json"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0, "0 s"), (0.04, "0 s"), (0.25, "0.2 s"), (9.96, "10 s"), (14.4, "14 s"), (99.4, "99 s"),
        (99.6, "1 min 40 s"), (108, "1 min 48 s"), (3599.4, "59 min 59 s"), (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert lines.duration(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(10, "10 %"), (9.63, "9.6 %"), (0, "0 %"), (99.96, "100 %")])
def test_percentages(value: float, text: str) -> None:
    assert lines.percent(value) == text


def test_a_start_that_is_no_time_does_not_break_the_report(story: Story) -> None:
    story.begin("shop-eu", started="yesterday")
    story.end("shop-eu", "released")
    built = story.build()
    assert built["seconds"] is None
    assert "by ada@ctl · yesterday UTC · inventory inventories/lab" in report.text(built)
