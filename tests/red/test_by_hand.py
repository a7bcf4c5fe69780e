"""What a person types without us: the commands that status prints lead home with kubectl and helm alone."""
from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from tests.red.harness import NAMESPACE, Site, Started

BY_HAND = re.compile(r"^\[shop\] by hand: (.+)$", re.MULTILINE)


def stopped_in(site: Site, phase: str, **extra: float) -> Started:
    started = site.start_release("1.4.0", **extra)
    started.wait_until(lambda: site.state().get("phase") == phase)
    started.signal(signal.SIGINT, group=True)
    started.wait(60)
    return started


@pytest.mark.parametrize(
    ("phase", "extra"),
    [("shifting", {"canary_shift_step_duration": 60.0}),
     pytest.param("promoting", {}, marks=pytest.mark.extended),
     pytest.param("returning", {"canary_shift_return_duration": 60.0}, marks=pytest.mark.extended)],
)  # fmt: skip
def test_the_way_back_by_hand(site: Site, phase: str, extra: dict[str, float]) -> None:
    with site.load():
        stopped_in(site, phase, **extra)
        commands = BY_HAND.findall(site.play("status").out)
        assert commands
        env = {**site.env, "PATH": f"{site.tools}:{os.environ['PATH']}"}
        for command in commands:
            done = subprocess.run(["bash", "-c", command], env=env, check=False, text=True, capture_output=True,
                                  timeout=120)  # fmt: skip
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            assert f"-n {NAMESPACE}" in command
    assert site.version() == "1.0.0" and site.canary() == [] and site.weights() == {"shop": 1}
