"""Everything that is written before the first program starts: folders, configuration, certificates, kubeconfigs."""
from __future__ import annotations

from pathlib import Path
from string import Template

from lab.cache import Part
from lab.images import registry_config
from lab.programs import supervisor_config
from lab.refresh import fill_registry
from lab.say import run
from lab.settings import HERE, Lab, versions
from lab.trouble import Trouble

FOLDERS = ("cni", "etcd", "kubelet", "podlogs", "prometheus", "metrics-server", "logs", "volume-plugins", "opt")


def render(path: Path, lab: Lab) -> str:
    """One of our templates with the lab's words filled in; a word that nobody knows is an error."""
    return Template(path.read_text()).substitute(lab.words(), kubernetes=versions()["parts"]["kubernetes"]["version"])


def write_configuration(lab: Lab, parts: dict[str, Part], found: dict[str, Path]) -> None:
    """Fill `state` and `run`; the programs find all they need there."""
    for folder in FOLDERS:
        (lab.state / folder).mkdir(parents=True, exist_ok=True)
    elsewhere = {"hosts.toml": f"certs.d/{lab.registry}/hosts.toml", "cni.conflist": "cni/10-lab.conflist"}
    for template in sorted((HERE / "config").iterdir()):
        target = lab.state / elsewhere.get(template.name, template.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(template, lab))
    (lab.state / "resolv.conf").write_text(f"nameserver {lab.node}\n")
    (lab.state / "registry.yml").write_text(registry_config(lab.state / "registry", f"{lab.node}:5000"))
    fill_registry(lab, parts["images"])
    run([found["contour"], "bootstrap", lab.state / "envoy.json", "--xds-address=127.0.0.1", "--xds-port=8001",
         f"--admin-address={lab.run}/envoy-admin.sock"])
    (lab.run / "supervisord.conf").write_text(supervisor_config(lab, found))
    (lab.run / "bin").mkdir()
    for name, path in found.items():
        (lab.run / "bin" / name).symlink_to(path)


def write_certificates(lab: Lab, found: dict[str, Path]) -> None:
    """All keys, certificates and kubeconfigs, by kubeadm's own phases."""
    config = lab.state / "kubeadm.yml"
    conf = lab.run / "conf"
    conf.mkdir(mode=0o700)
    for phase, more in (("certs", []), ("kubeconfig", ["--kubeconfig-dir", str(conf)])):
        run([found["kubeadm"], "init", "phase", phase, "all", "--config", config, *more], log=lab.logs / "kubeadm.log")
    (conf / "admin.conf").rename(lab.run / "admin.conf")


def kubectl(lab: Lab, *words: str, feed: str | None = None, timeout: float = 150) -> str:
    """kubectl as the cluster's administrator.

    :raises Trouble: what kubectl said
    """
    return run([lab.run / "bin/kubectl", f"--kubeconfig={lab.run}/conf/super-admin.conf", *words], feed=feed,
               timeout=timeout)


def kubectl_ok(lab: Lab, *words: str) -> bool:
    """Whether kubectl ended well and soon; for questions that are asked until the answer is yes."""
    try:
        kubectl(lab, *words, timeout=20)
    except Trouble:
        return False
    return True
