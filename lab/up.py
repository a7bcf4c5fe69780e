"""Up: from whatever is there to a lab that answers."""
from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path

from lab import configure, doctor, host, leftovers, ready, supervise
from lab.cache import Part
from lab.configure import kubectl, kubectl_ok, render
from lab.debian import install_missing
from lab.parts import all_parts, binaries, build_missing
from lab.programs import commands
from lab.say import say
from lab.settings import HERE, Lab
from lab.trouble import Trouble

FIRST = ["etcd", "apiserver", "containerd", "registry", "envoy"]


def up(lab: Lab) -> None:
    """Build what is missing, clear the rest of an earlier lab, start everything, wait until it works. Idempotent.

    :raises Trouble: something failed; what was begun is left for `logs`, and cleared by the next `up` or by `down`
    """
    begun = time.monotonic()
    if is_up(lab):
        say(f"lab {lab.name} is up already")
        tell(lab)
        return
    doctor.check(lab)
    install_missing()
    parts = all_parts()
    build_missing(parts)
    if rest := leftovers.traces(lab):
        say(f"clearing the rest of an earlier lab {lab.name} ({len(rest)} traces, first: {rest[0]})")
        leftovers.clear(lab)
    begun_start = time.monotonic()
    lay_out(lab, parts)
    start(lab, parts)
    say(f"lab {lab.name} is up in {time.monotonic() - begun_start:.1f} s ({time.monotonic() - begun:.1f} s with all checks and builds)")
    tell(lab)


def is_up(lab: Lab) -> bool:
    """Whether a lab of this name runs, finished its start, and all that has an address answers."""
    if not (lab.run / "env").exists() or not supervise.answers(lab):
        return False
    return set(supervise.states(lab).values()) == {"RUNNING"} and all(ready.answers(url, lab) for url in ready.checks(lab).values())


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
    kubectl(lab, "create", "clusterrolebinding", "kubeadm:cluster-admins", "--clusterrole=cluster-admin", "--group=kubeadm:cluster-admins")
    rest = [name for name in commands(lab, binaries(parts)) if name not in [*FIRST, "contour"]]
    supervise.start_programs(lab, rest)
    apply(lab, HERE / "manifests" / "namespaces.yml")
    apply(lab, HERE / "manifests" / "system.yml")
    kubectl(lab, "create", "-f", str(parts["contour"].folder / "crds"))
    established = ("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
    kubectl(lab, *established)
    apply(lab, HERE / "manifests" / "gateway.yml")
    supervise.start_programs(lab, ["contour"])
    apply(lab, HERE / "manifests" / "releaser.yml")
    for program in ready.checks(lab):
        ready.wait_for(program, lab)
    for program in supervise.states(lab):
        ready.wait(program, lab, partial(supervise.runs, lab, program), program=program)
    ready.wait("the node to be Ready", lab, lambda: kubectl_ok(lab, "wait", "--for=condition=Ready", f"node/{lab.name}", "--timeout=1s"),
               program="kubelet")
    ready.wait("the gateway to be programmed", lab,
               lambda: kubectl_ok(lab, "wait", "-n", "projectcontour", "--for=condition=Programmed", "gateway/lab", "--timeout=1s"),
               program="contour")
    write_release_config(lab)
    (lab.run / "env").write_text("".join(f"export {key}={value}\n" for key, value in lab.environment().items()))


def apply(lab: Lab, path: Path) -> None:
    kubectl(lab, "create", "-f", "-", feed=render(path, lab))


def write_release_config(lab: Lab) -> None:
    """The kubeconfig that releases use: the account `releaser`, by a token of its own, nothing else in it."""
    token = kubectl(lab, "create", "token", "releaser", "-n", "shop", "--duration=8760h").strip()
    path = lab.run / "release.conf"
    path.touch(mode=0o600)
    words = ["config", "--kubeconfig", str(path)]
    tool = lab.run / "bin/kubectl"
    configure.run([tool, *words, "set-cluster", lab.name, f"--server=https://{lab.node}:6443",
                   f"--certificate-authority={lab.state}/pki/ca.crt", "--embed-certs=true"])
    configure.run([tool, *words, "set-context", lab.name, f"--cluster={lab.name}", "--user=releaser", "--namespace=shop"])
    configure.run([tool, *words, "use-context", lab.name])
    text = path.read_text().replace("users: null", f"users:\n- name: releaser\n  user:\n    token: {token}")
    if token not in text:
        raise Trouble(f"kubectl wrote {path} in a shape that the lab does not know: no place for the account.")
    path.write_text(text)


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
    say(f"lab {lab.name} is down: nothing is left of it" if there else f"lab {lab.name} was not there")
