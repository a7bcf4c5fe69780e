"""What a call of each door costs, when the first useful line comes, and how much memory a run takes."""
from __future__ import annotations

import json
import statistics
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path
from typing import Any

from lab.say import say
from tests.bench.commands import ROOT, timed
from tests.bench.outcome import Outcome, Row, digits, seconds
from tests.bench.place import GOOD, Place
from tests.bench.ratios import Estimate, Goal, slope

NAME, ROUNDS = "door_cost", 3
CALLS = 5  # of each door in one run
TARGETS = (1, 5, 10)
MOST_MB, MOST_MB_MORE = Goal("≤", 250, "MB"), Goal("≤", 10, "MB")
TARGET = {"target": "{{ helm_release_target }}"}
VERSION = {**TARGET, "version": GOOD}
RECORD = {**TARGET, "procedure": "release"}
GATES = {"gates": "{{ release_gates }}", "metrics": "{{ release_metrics }}"}
HEALTH = {**TARGET, "probes": "{{ verify_health_probes }}", "record": False}
# A task of Ansible's own first, to compare with. What changes nothing is done, everything else is planned (--check).
DOORS: dict[str, tuple[str, dict[str, Any]]] = {
    "a task of ansible.builtin.debug": ("ansible.builtin.debug", {"msg": "nothing"}),
    "precheck": ("precheck", {
        "procedure": "release",
        "roles": ["target", "release", "helm_release", "precheck", "snapshot", "canary_shift", "verify_health",
                  "rollback", "record"],
    }),
    "release_status": ("release_status", {**TARGET, "quiet": True}),
    "rollback_plan": ("rollback_plan", {**TARGET, "max_age": 86400.0}),
    "verify_health": ("verify_health", HEALTH),
    "release_open, planned": ("release_open", {**RECORD, "version": GOOD}),
    "release_snapshot, planned": ("release_snapshot", VERSION),
    "canary, planned": ("canary", VERSION),
    "traffic_step, planned": ("traffic_step", {**TARGET, **GATES, "share": 10, "phase": "shifting"}),
    "helm_upgrade, planned": ("helm_upgrade", {**VERSION, "mode": "promote"}),
    "traffic_back, planned": ("traffic_back", TARGET),
    "helm_rollback, planned": ("helm_rollback", TARGET),
    "rollback_open, planned": ("rollback_open", {**TARGET, "max_age": 86400.0}),
    "release_close, planned": ("release_close", {**RECORD, "result": "released"}),
}  # fmt: skip
PLAYBOOKS: dict[str, tuple[str, list[str]]] = {
    "status": ("status", []),
    "verify": ("verify", []),
    "release --check": ("release", ["--check"]),
}


def run(place: Place, rounds: int) -> Outcome:
    place.site.baseline()
    doors = _doors(place, rounds)
    lines, memory = _starts(place, rounds), _memory(place)
    rows = [
        Row(NAME, f"a call of {name}", f"{1000 * statistics.median(times):.0f} ms", note=_range(times))
        for name, times in doors.items()
    ]
    rows += [
        Row(NAME, f"{name}: start to first useful line", seconds([one["line"] for one in each]),
            note=f"whole run {seconds([one['end'] for one in each])}")
        for name, each in lines.items()
    ]  # fmt: skip
    for name, each in memory.items():
        rows += _memory_rows(name, each)
    return Outcome(rows, {"calls": doors, "first_line": lines, "memory": memory})


def _doors(place: Place, rounds: int) -> dict[str, list[float]]:
    """Seconds of each call as the main process sees it: fork, templating, work, and result."""
    found: dict[str, list[float]] = defaultdict(list)
    playbook = place.folder / "doors.yml"
    playbook.write_text(json.dumps(_playbook()))
    for number in range(rounds):
        say(f"  doors, round {number + 1} of {rounds}")
        results = place.folder / "junit"
        for old in results.glob("*.xml"):
            old.unlink()
        argv = place.site.command(str(playbook), extra={"release_versions": {"shop": GOOD}}, quick=False)
        timed(argv, {**place.site.env, **_junit(results)}).expect(0)
        for name, time in _times(results):
            found[name].append(time)
    return dict(found)


def _playbook() -> list[dict[str, Any]]:
    # A role without main tasks: it brings its defaults into the play, helm_release_target among them.
    tasks: list[dict[str, Any]] = [
        {"name": "defaults", "ansible.builtin.import_role": {"name": "releng.runbooks.helm_release"}}
    ]
    for name, (door, args) in DOORS.items():
        action = door if "." in door else f"releng.runbooks.{door}"
        check = {"check_mode": True} if name.endswith("planned") else {}
        tasks += [{"name": f"{name} #{number}", action: args, **check} for number in range(CALLS)]
    return [{"name": "doors", "hosts": "shop", "gather_facts": False, "tasks": tasks}]


def _junit(folder: Path) -> dict[str, str]:
    """Ansible's own callback writes down how long each task took; the playbook lies outside the clone's playbooks."""
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "releng.runbooks.timeline,ansible.builtin.junit",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
        "JUNIT_OUTPUT_DIR": str(folder),
    }


def _times(folder: Path) -> list[tuple[str, float]]:
    """Name of the door and seconds, one entry for each call."""
    found = []
    for path in folder.glob("*.xml"):
        for case in ElementTree.parse(path).iter("testcase"):
            name = case.get("name", "").rpartition(": ")[2]
            door, sign, _ = name.partition(" #")
            if sign:
                found.append((door, float(case.get("time", "nan"))))
    return found


def _starts(place: Place, rounds: int) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PLAYBOOKS}
    for number in range(rounds):
        say(f"  first lines, round {number + 1} of {rounds}")
        for name, (playbook, words) in PLAYBOOKS.items():
            done = place.playbook(playbook, *words, extra={"release_versions": {"shop": GOOD}}).expect(0)
            found[name].append({"line": done.when(r"^\[shop\]"), "end": done.seconds})
    return found


def _memory(place: Place) -> dict[str, list[dict[str, float]]]:
    """Several targets are several names for the one that is there: each has a worker, a client, and work of its own."""
    found: dict[str, list[dict[str, float]]] = {}
    for name, (playbook, words) in PLAYBOOKS.items():
        found[name] = []
        for count in TARGETS:
            say(f"  memory of {name}, {count} targets")
            hosts = {f"shop{number}": {"release_service": "shop"} for number in range(1, count)}
            extra = {"release_versions": {"shop": GOOD}, "helm_release_chart": str(place.chart)}
            more = place.inventory(hosts) if hosts else []
            done = place.playbook(playbook, *words, *more, extra=extra, memory_too=True).expect(0)
            peak = done.peak
            found[name].append({
                "targets": count, "ansible": peak.ansible, "others": peak.others, "largest": done.largest,
                "workers": peak.workers, "seconds": done.seconds,
            })  # fmt: skip
    return found


def _memory_rows(name: str, each: list[dict[str, float]]) -> list[Row]:
    one = each[0]
    more = slope([(case["targets"], case["ansible"]) for case in each])
    children = slope([(case["targets"], case["others"]) for case in each])
    return [
        Row(NAME, f"{name}: memory, one target", f"{one['ansible']:.0f} MB", "", Estimate(one["ansible"]), MOST_MB,
            f"largest process {one['largest']:.0f} MB, helm beside it {one['others']:.0f} MB"),
        Row(NAME, f"{name}: memory, each more", f"{digits(more)} MB", "", Estimate(more), MOST_MB_MORE,
            f"up to {each[-1]['targets']:g} targets, helm beside it {digits(children)} MB each"),
    ]  # fmt: skip


def _range(times: list[float]) -> str:
    return f"{1000 * min(times):.0f} to {1000 * max(times):.0f} ms in {len(times)} calls"
