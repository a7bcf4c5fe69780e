# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of ansible-playbook that are signalled while two targets are in the middle of a guarded step."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
HOSTS = ("shop-eu", "shop-us")

# A guarded step in miniature: signals set a flag, and the way to the safe side takes its time.
GUARDED = '''
import os, pathlib, signal, time
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        told, host, here = [], task_vars["inventory_hostname"], pathlib.Path(self._task.args["directory"])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: told.append(number))
        (here / f"pid-{host}").write_text(str(os.getpid()))
        (here / f"started-{host}").touch()
        until = time.monotonic() + self._task.args.get("seconds", 30)
        while not told and time.monotonic() < until:
            time.sleep(0.02)
        if told:
            until = time.monotonic() + self._task.args.get("cleanup", 1)
            while time.monotonic() < until:
                time.sleep(0.02)
            (here / f"safe-{host}").touch()
        return {"changed": False}
'''
TELL = '''
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        return {"changed": True, **self._task.args["answer"]}
'''


class Run:
    """A folder with a play, and the command that runs it."""

    def __init__(self, folder: Path, tasks: str, enabled: bool = True) -> None:
        self.folder = folder
        plugins = folder / "action_plugins"
        plugins.mkdir()
        (plugins / "guarded.py").write_text(GUARDED)
        (plugins / "tell.py").write_text(TELL)
        play = "- hosts: all\n  gather_facts: false\n  tasks:\n" + textwrap.indent(textwrap.dedent(tasks), "    ")
        (folder / "play.yml").write_text(play)
        callbacks = "callbacks_enabled = releng.runbooks.timeline\n" if enabled else ""
        (folder / "ansible.cfg").write_text(
            f"[defaults]\ncollections_path = {ROOT}/playbooks/collections\n{callbacks}"
        )
        self.command = [str(PLAYBOOK), "-c", "local", "-i", ",".join([*HOSTS, ""]), "play.yml"]

    def environment(self, **extra: str) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "RELENG_"))}
        return {**clean, "HOME": str(self.folder), "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), **extra}

    def finish(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [*self.command, *options]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment(), capture_output=True, text=True, check=False
        )

    @contextlib.contextmanager
    def start(self, **extra: str) -> Iterator[subprocess.Popen[str]]:
        """The command while both targets are in their step; nothing of it is left in the end."""
        with subprocess.Popen(
            self.command, cwd=self.folder, env=self.environment(**extra), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:
            try:
                self.wait_for("started")
                yield process
            finally:
                process.kill()
                self.reap()

    def wait_for(self, mark: str, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not self.all_have(mark):
            assert time.monotonic() < until, f"no {mark} in {seconds} s: {sorted(map(str, self.folder.iterdir()))}"
            time.sleep(0.02)

    def all_have(self, mark: str) -> bool:
        return all((self.folder / f"{mark}-{host}").exists() for host in HOSTS)

    def reap(self) -> None:
        """Workers outlive a killed main process."""
        for path in self.folder.glob("pid-*"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)


def guarded(folder: Path, enabled: bool = True, cleanup: float = 1, seconds: float = 30) -> Run:
    arguments = f"{{directory: '{folder}', cleanup: {cleanup}, seconds: {seconds}}}"
    tasks = f"- name: Shift traffic\n  guarded: {arguments}\n- name: Go on\n  tell: {{answer: {{}}}}\n"
    return Run(folder, tasks, enabled)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_every_target_is_on_its_safe_side_before_the_command_returns(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    run = guarded(tmp_path)
    with run.start() as process:
        process.send_signal(number)
        assert process.wait(30) == code
        assert run.all_have("safe")
        assert process.stdout is not None and process.stderr is not None
        output, errors = process.stdout.read(), process.stderr.read()
    assert f"{number.name}: waiting up to 60 s for 2 workers to reach the safe side.\n2 workers ended.\n" in errors
    assert "Go on" not in output and "Traceback" not in output + errors


def test_without_it_the_command_returns_first(tmp_path: Path) -> None:
    run = guarded(tmp_path, enabled=False)
    with run.start() as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM
        assert not run.all_have("safe")
        run.wait_for("safe")


def test_ctrl_c_stays_as_it_is(tmp_path: Path) -> None:
    run = guarded(tmp_path)
    with run.start() as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 99
        assert run.all_have("safe")


def test_more_signals_change_nothing(tmp_path: Path) -> None:
    run = guarded(tmp_path)
    with run.start() as process:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.1)
        assert process.wait(30) == 143
        assert run.all_have("safe")


def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    run = guarded(tmp_path, cleanup=4)
    with run.start(RELENG_TIMELINE_WAIT="0.5") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert not run.all_have("safe")
        assert process.stderr is not None
        assert re.search(
            r"2 workers did not end in 0\.5 s and may still be at work \(process \d+, \d+\)\.", process.stderr.read()
        )
        run.wait_for("safe")


def test_temporary_files_are_removed(tmp_path: Path) -> None:
    run = guarded(tmp_path)
    with run.start() as process:
        (scratch,) = (tmp_path / ".ansible" / "tmp").iterdir()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert not scratch.exists()


def test_a_closed_terminal(tmp_path: Path) -> None:
    run = guarded(tmp_path)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(run.folder)
        os.execve(run.command[0], run.command, run.environment())
    try:
        run.wait_for("started")
        os.close(terminal)
        _pid, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 129
        assert run.all_have("safe")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        run.reap()


def test_a_run_under_nohup_goes_on(tmp_path: Path) -> None:
    run = guarded(tmp_path, seconds=2)
    run.command = ["nohup", *run.command]
    with run.start() as process:
        process.send_signal(signal.SIGHUP)
        output, _errors = process.communicate(timeout=30)
        assert process.returncode == 0
    assert "Go on" in output and not run.all_have("safe")


SIGNALS = textwrap.dedent("""
    import os, signal, sys, time
    from ansible_collections.releng.runbooks.plugins.callback import timeline
    timeline.EXIT_SECONDS = 1
    signals = timeline.Signals(5)
    signals.take()
    """)


def python(script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "playbooks" / "collections")}
    command = [sys.executable, "-c", SIGNALS + textwrap.dedent(script)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_between_two_tasks_there_is_nothing_to_wait_for() -> None:
    done = python("os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)")
    assert (done.returncode, done.stderr) == (143, "")


def test_an_exit_that_was_swallowed_comes_all_the_same() -> None:
    done = python("""
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        except SystemExit:
            print("swallowed", end="")
        while True:
            time.sleep(20)
        """)
    assert (done.returncode, done.stdout) == (129, "swallowed")


def test_after_a_swallowed_exit_no_task_begins() -> None:
    done = python("""
        callback = timeline.CallbackModule()
        callback._signals = signals
        callback.v2_playbook_on_task_start(None, False)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except SystemExit:
            print("swallowed")
        for begin in (
            lambda: callback.v2_playbook_on_task_start(None, False), lambda: callback.v2_playbook_on_play_start(None),
            lambda: callback.v2_playbook_on_handler_task_start(None),
        ):
            try:
                begin()
            except SystemExit as error:
                print(error.code)
        """)
    assert done.stdout.split() == ["swallowed", "143", "143", "143"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_worker_that_inherited_the_handler_just_dies(number: signal.Signals) -> None:
    done = python(f"""
        pid = os.fork()
        if pid == 0:
            os.kill(os.getpid(), {int(number)})
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), signals.exit_code)
        """)
    assert done.stdout.split() == [str(-number), "0"]


RESULTS = """
    - name: Refuse, then take back
      tell:
        answer:
          releng: {target: shop-eu, result: refused, reason: overwritten by the next task}
      when: inventory_hostname == 'shop-eu'
    - name: Loop
      tell:
        answer:
          releng: {target: "{{ item }}", result: released, reason: "", next: ""}
      loop: [bidder-eu, bidder-us]
      when: inventory_hostname == 'shop-us'
    - name: No result of ours
      tell:
        answer: {releng: {reason: nothing}, other: 1}
    - name: Fail
      tell:
        answer:
          failed: true
          msg: error rate 12.3 % > 5 %
          releng: {result: taken_back, reason: "error rate\\n 12.3 % > 5 %", next: ansible-playbook next.yml}
      when: inventory_hostname == 'shop-eu'
    """
SUMMARY = """
bidder-eu  released
bidder-us  released
shop-eu    taken back  error rate 12.3 % > 5 % · next: ansible-playbook next.yml
"""


def test_a_line_per_target_and_nothing_else_is_changed(tmp_path: Path) -> None:
    # Errors name the file; two names of one length keep the lines alike.
    (tmp_path / "on_").mkdir()
    (tmp_path / "off").mkdir()
    with_it = Run(tmp_path / "on_", RESULTS).finish("--forks", "1")
    without = Run(tmp_path / "off", RESULTS, enabled=False).finish("--forks", "1")
    assert (with_it.returncode, without.returncode) == (2, 2)
    assert with_it.stdout.replace("/on_/", "/off/") == without.stdout + SUMMARY
    assert with_it.stderr.replace("/on_/", "/off/") == without.stderr


def test_without_results_it_says_nothing(tmp_path: Path) -> None:
    done = Run(tmp_path, "- tell: {answer: {}}\n").finish()
    assert done.returncode == 0
    assert done.stdout.rstrip("\n").splitlines()[-1].startswith("shop-us ")


def test_with_v_it_tells_how_long_steps_took(tmp_path: Path) -> None:
    run = guarded(tmp_path, seconds=1)
    done = run.finish("-v")
    assert done.returncode == 0
    told = done.stdout[done.stdout.index("PLAY RECAP"):]
    for host in HOSTS:
        assert re.search(rf"^\d\d:\d\d:\d\d +1\.\d s  {host}  Shift traffic$", told, re.MULTILINE)
    assert re.search(r"^ +0\.\d s  in 2 steps shorter than 0\.5 s$", told, re.MULTILINE)
    assert "Shift traffic\n" not in run.finish().stdout.partition("PLAY RECAP")[2]


def test_its_documentation_is_found_and_names_the_option() -> None:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")}
    command = [str(PLAYBOOK.with_name("ansible-doc")), "-t", "callback", "releng.runbooks.timeline"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd="/")
    assert "RELENG_TIMELINE_WAIT" in done.stdout and "key: wait" in done.stdout
