"""Seen through ansible-runner, which is how AWX runs a playbook: live lines come while the task is under way."""
from __future__ import annotations

import json
import os
import time
from typing import Any

import ansible_runner

from tests.red.harness import BIN, ROOT, Site


def test_live_lines_reach_ansible_runner_while_a_step_is_under_way(site: Site) -> None:
    seen: list[tuple[float, dict[str, Any]]] = []
    command = site.command("playbooks/release.yml", extra={"release_versions": {"shop": "1.4.0"}})
    env = {key: value for key, value in site.env.items() if key.startswith(("LAB_", "KUBE"))}
    with site.load():
        done = ansible_runner.run_command(
            executable_cmd=command[0], cmdline_args=command[1:], host_cwd=str(ROOT), private_data_dir=str(site.place),
            envvars={**env, "PATH": f"{BIN}:{os.environ['PATH']}"}, quiet=True,
            event_handler=lambda event: seen.append((time.monotonic(), event)),
        )  # fmt: skip
    text = "\n".join(event["stdout"] for _at, event in seen)
    assert done[2] == 0, text
    shares = [at for at, event in seen if "canary 20 % (measured" in event["stdout"]]
    assert shares, text
    ended = next(at for at, event in seen if "canary 100 %" in event["stdout"])
    assert shares[0] < ended, "each line came when it was said, not with the end of its task"
    recap = json.dumps([event["event_data"] for _at, event in seen if event["event"] == "playbook_on_stats"])
    assert '"failures": {}' in recap
