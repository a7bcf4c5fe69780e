"""The kubeconfig that releases use."""
from __future__ import annotations

import base64
import os

import yaml

from lab.configure import kubectl
from lab.settings import API, Lab


def write_release_config(lab: Lab) -> None:
    """Write release.conf: the account `releaser` of namespace `shop` by a token of its own, and nothing else."""
    token = kubectl(lab, "create", "token", "releaser", "-n", "shop", "--duration=8760h").strip()
    authority = base64.b64encode((lab.state / "pki/ca.crt").read_bytes()).decode()
    cluster = {"server": f"https://{lab.node}:{API}", "certificate-authority-data": authority}
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": lab.name,
        "clusters": [{"name": lab.name, "cluster": cluster}],
        "contexts": [{"name": lab.name, "context": {"cluster": lab.name, "user": "releaser", "namespace": "shop"}}],
        "users": [{"name": "releaser", "user": {"token": token}}]}
    with os.fdopen(os.open(lab.run / "release.conf", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        yaml.safe_dump(content, file, sort_keys=False)
