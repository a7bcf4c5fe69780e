"""What the demo types, and what has to come of it."""
from __future__ import annotations

import json
from dataclasses import dataclass

from lab.demo_place import NAMESPACE, Place

FIRST, GOOD, BAD = "1.0.0", "1.4.0", "1.5.0"


@dataclass(frozen=True)
class Step:
    """`code` and `version`: the exit code of the command and the version that serves afterwards, as they have to be.

    `patience`: seconds until the version has to serve; none after a release: when it has ended, it is so.
    """

    title: str
    argv: list[str]
    code: int
    version: str
    patience: float = 0.0


def steps(place: Place) -> list[Step]:
    """The baseline first, before there is load."""
    account = place.environment["LAB_RELEASE_KUBECONFIG"]
    image = f"image.repository={place.environment['LAB_REGISTRY']}/shop"
    helm = ["helm", "upgrade", "--install", "shop", "lab/charts/shop", "--kubeconfig", account, "-n", NAMESPACE,
            "--set", image, "--set-string", f"image.tag={FIRST}", "--set", "probes.readiness.initialDelaySeconds=1",
            "--wait", "--timeout", "2m", "--hide-notes"]
    return [
        Step(f"{FIRST} is there", helm, 0, FIRST, patience=20.0),
        Step(f"{GOOD} is released", release(GOOD), 0, GOOD),
        Step(f"{BAD}, which fails three of ten requests, is taken back", release(BAD), 2, GOOD),
        Step(f"{GOOD} is rolled back by hand", playbook("rollback", "-e", f"rollback_to={FIRST}"), 0, FIRST),
    ]


def playbook(name: str, *words: str) -> list[str]:
    return ["ansible-playbook", f"playbooks/{name}.yml", "-i", "inventories/lab", *words]


def release(version: str) -> list[str]:
    return playbook("release", "-e", json.dumps({"release_versions": {"shop": version}}))
