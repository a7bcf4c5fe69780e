"""What watches is gone for a while: the release holds and goes on, it neither advances on nothing nor goes back."""
from __future__ import annotations

import json
import time

from tests.red.harness import Site


def test_prometheus_gone_for_40_s(site: Site) -> None:
    with site.load() as counts:
        started = site.start_release("1.4.0", canary_shift_step_duration=10.0)
        started.wait_for("canary 20 % (measured")
        with site.without("prometheus"):
            time.sleep(40)
            assert started.process.poll() is None, started.out
            assert site.weights() == {"shop": 80, "shop-canary": 20}, "neither up nor back"
        run = started.wait(150)
    assert run.code == 0, run.out
    assert "ERROR" in run.out, "the outage is told"
    assert site.version() == "1.4.0" and json.loads(counts.read_text())["lost"] == 0


def test_the_api_server_gone_for_20_s(site: Site) -> None:
    with site.load() as counts:
        started = site.start_release("1.4.0", canary_shift_step_duration=15.0)
        started.wait_for("canary 20 % (measured")
        with site.without("apiserver"):
            time.sleep(20)
            assert started.process.poll() is None, started.out
        run = started.wait(150)
    assert run.code == 0, run.out
    assert "holding" in run.out
    assert site.version() == "1.4.0" and json.loads(counts.read_text())["lost"] == 0
