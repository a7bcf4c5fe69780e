"""Up: from whatever is there to a lab that answers."""
from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path

from lab import configure, doctor, host, leftovers, ready, supervise
from lab.account import write_release_config
from lab.cache import Part
from lab.configure import kubectl, kubectl_ok, render
from lab.debian import install_missing
from lab.images import names
from lab.parts import all_parts, binaries, build_missing
from lab.programs import commands
from lab.refresh import refresh
from lab.say import say
from lab.settings import HERE, Lab
from lab.trouble import Trouble

FIRST = ["etcd", "apiserver", "containerd", "registry", "envoy"]


def up(lab: Lab) -> None:
    """Build what is missing, clear the rest of an earlier lab, start everything, wait until it works. Idempotent.

    :raises Trouble: something failed twice; what was begun is left for `logs`; the next `up`, or `down`, clears it
    """
    if is_up(lab):
        say(f"lab {lab.name!r} is up already")
        images = all_parts()["images"]
        build_missing({"images": images})
        refresh(lab, images, names())
        tell(lab)
        return
    doctor.check(lab)
    install_missing()
    parts = all_parts()
    build_missing(parts)
    if rest := leftovers.traces(lab):
        say(f"clearing the rest of an earlier lab {lab.name} ({len(rest)} traces, first: {rest[0]})")
        leftovers.clear(lab)
    begun = time.monotonic()
    try:
        lay_out(lab, parts)
        start(lab, parts)
    except Trouble as trouble:
        say(f"lab {lab.name!r} did not come up: {trouble}\nonce more from the beginning")
        leftovers.clear(lab)
        lay_out(lab, parts)
        start(lab, parts)
    say(f"lab {lab.name!r} is up, {time.monotonic() - begun:.1f} s after its parts were there")
    tell(lab)


def is_up(lab: Lab) -> bool:
    """Whether a lab of this name runs, finished its start, and all that has an address answers within 20 s."""
    until = time.monotonic() + 20
    while (lab.run / "env").exists() and supervise.answers(lab):
        answers = [ready.answers(url, lab) for url in ready.checks(lab).values()]
        if all(answers) and set(supervise.states(lab).values()) == {"RUNNING"}:
            return True
        if time.monotonic() > until:
            break
        time.sleep(1)       # a machine with much to do answers late: no reason to begin anew
    return False


def lay_out(lab: Lab, parts: dict[str, Part]) -> None:
    """All that is there before the first program."""
    lab.run.mkdir(parents=True)
    lab.state.mkdir(parents=True)
    (lab.run / "index").write_text(str(lab.index))
    found = binaries(parts)
    host.make_network(lab)
    host.make_cgroups(lab)
    host.cover_folders(lab)
    configure.write_configuration(lab, parts, found)
    configure.write_certificates(lab, found)


def start(lab: Lab, parts: dict[str, Part]) -> None:
    """Start in order of need; what does not need the API server starts beside it."""
    supervise.start(lab, parts["supervisor"].folder)
    supervise.start_programs(lab, FIRST)
    ready.wait_for("apiserver", lab)
    # kubeadm's administrators get their rights by this binding, made with the one account that needs none.
    kubectl(lab, "create", "clusterrolebinding", "kubeadm:cluster-admins", "--clusterrole=cluster-admin",
            "--group=kubeadm:cluster-admins")
    rest = [name for name in commands(lab, binaries(parts)) if name not in [*FIRST, "contour"]]
    supervise.start_programs(lab, rest)
    apply(lab, HERE / "manifests" / "namespaces.yml")
    apply(lab, HERE / "manifests" / "system.yml")
    kubectl(lab, "create", "-f", str(parts["contour"].folder / "crds"))
    kubectl(lab, "wait", "--for=condition=Established", "--timeout=120s", "crd", "--all")
    apply(lab, HERE / "manifests" / "gateway.yml")
    supervise.start_programs(lab, ["contour"])
    apply(lab, HERE / "manifests" / "releaser.yml")
    for program in supervise.states(lab):
        ready.wait_for(program, lab)
    for what, condition, thing, namespace, program in (
            ("the node to be Ready", "Ready", f"node/{lab.name}", "default", "kubelet"),
            ("the gateway to be programmed", "Programmed", "gateway/lab", "projectcontour", "contour")):
        words = ("wait", "-n", namespace, f"--for=condition={condition}", thing, "--timeout=1s")
        ready.wait(what, lab, partial(kubectl_ok, lab, *words), program=program)
    write_release_config(lab)
    (lab.run / "env").write_text("".join(f"export {key}={value}\n" for key, value in lab.environment().items()))


def apply(lab: Lab, path: Path) -> None:
    kubectl(lab, "create", "-f", "-", feed=render(path, lab))


def tell(lab: Lab) -> None:
    """What to type next."""
    say((lab.run / "env").read_text().rstrip())
    if shutil.which("kubectl") != str(lab.run / "bin/kubectl"):
        say(f"export PATH={lab.run}/bin:$PATH        # this lab's own kubectl and helm")


def down(lab: Lab) -> None:
    """End and remove everything; what is not there is no error.

    :raises Trouble: something is still there afterwards
    """
    there = leftovers.traces(lab)
    leftovers.clear(lab)
    if rest := leftovers.traces(lab):
        raise Trouble(f"Lab {lab.name} is not wholly gone: {'; '.join(rest[:5])}.")
    say(f"lab {lab.name!r} is down: nothing is left of it" if there else f"lab {lab.name} was not there")
