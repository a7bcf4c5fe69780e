# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log in to a cluster as a kubeconfig says, and leave nothing behind: no retries, no files, no discovery cache.

What the library does by default and a release cannot have:

* On a dropped connection urllib3 sends PUT and DELETE up to four times. A change must be sent once; whether it came
  through is for us to find out. So retries are off.
* Client keys out of a kubeconfig are written to temporary files, which an Ansible worker never removes because it
  ends without running exit handlers. We load them into a TLS context and remove the files at once.
* The dynamic client keeps a discovery cache in a world-readable file of a guessable name. We keep none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import ssl
import tempfile
from collections.abc import Iterator
from typing import Any

try:
    import kubernetes
    import kubernetes.config
    import kubernetes.dynamic
    import urllib3
    import yaml
except ImportError:
    kubernetes = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import libraries
from ansible_collections.releng.runbooks.plugins.module_utils.errors import Denied, Refused

USER_AGENT = "releng-runbooks"


@dataclasses.dataclass(frozen=True)
class Access:
    """How a cluster is reached.

    ``kubeconfig`` is a path (several, joined by ``:``, are merged as kubectl does). Empty means KUBECONFIG, then
    ``~/.kube/config``, then the service account of the pod we run in. An empty ``context`` means the current one.
    ``timeout`` is in seconds, for each request.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace: str = "default"
    timeout: float = 10.0


@dataclasses.dataclass(frozen=True)
class Connection:
    """A client that is logged in. ``host``: URL of the API server. ``context``: its name, ``in-cluster`` in a pod."""

    client: Any
    host: str
    context: str


def connect(access: Access) -> Connection:
    """Read the kubeconfig and build a client; sends no request.

    :raises Refused: the file, the context or what it names is missing or broken
    :raises Denied: the kubeconfig names a credential plugin, and it gave no credential
    """
    libraries.require("kubernetes")
    configuration = kubernetes.client.Configuration()
    configuration.retries = False
    # The library reads KUBECONFIG when it is imported, which is before a task's own environment is set.
    path = access.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    files = [name for name in map(os.path.expanduser, path.split(os.pathsep)) if name and os.path.exists(name)]
    if files:
        try:
            context, client = _by_kubeconfig(files, access.context, configuration)
        except (kubernetes.config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, KeyError) as error:
            # SSLError is an OSError. The first line says what is wrong; a YAML error goes on to quote the file.
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise Refused(f"Kubeconfig {path} cannot be used: {reason}.", kubeconfig=path) from error
    elif not access.kubeconfig and not access.context and os.environ.get("KUBERNETES_SERVICE_HOST"):
        kubernetes.config.load_incluster_config(configuration)
        context, client = "in-cluster", kubernetes.client.ApiClient(configuration)
    else:
        raise Refused(f"There is no kubeconfig at {path}.", remedy="Set kubeconfig, or KUBECONFIG.", kubeconfig=path)
    client.user_agent = USER_AGENT
    dynamic = kubernetes.dynamic.DynamicClient(client, discoverer=lambda _client, _cache_file: None)
    return Connection(dynamic, configuration.host, context)


def _by_kubeconfig(files: list[str], context: str, configuration: Any) -> tuple[str, Any]:
    merged = _merge(files)
    context = context or merged["current-context"]
    known = merged["contexts"]
    if context not in known:
        raise Refused(
            f"Context '{context}' is not in kubeconfig {os.pathsep.join(files)}; "
            f"it has: {', '.join(sorted(known)) or 'none'}.",
            context=context,
        )
    with tempfile.TemporaryDirectory(prefix="releng-runbooks-") as private, _quiet():
        kubernetes.config.load_kube_config(
            config_file=os.pathsep.join(files), context=context, client_configuration=configuration,
            persist_config=False, temp_file_path=private,
        )
        user = merged["users"].get((known[context].get("context") or {}).get("user"), {}).get("user") or {}
        if user.get("exec") and not (configuration.api_key or configuration.cert_file):
            command = user["exec"].get("command", "")
            raise Denied(
                f"Credential plugin '{command}' of context '{context}' gave no credential.",
                remedy=f"Run kubectl --context {context} version, which shows what the plugin says.",
                context=context,
            )
        client = kubernetes.client.ApiClient(configuration)
        if configuration.host.startswith("https:"):
            pool = client.rest_client.pool_manager.connection_pool_kw
            pool.update(ssl_context=_tls(configuration), ca_certs=None, cert_file=None, key_file=None)
    return context, client


def _merge(files: list[str]) -> dict[str, Any]:
    """Contexts and users by name, first file wins; the library merges in the same way but shows neither."""
    merged: dict[str, Any] = {"contexts": {}, "users": {}, "current-context": ""}
    for name in files:
        with open(name, encoding="utf-8") as handle:
            config = yaml.safe_load(handle)
        if not isinstance(config, dict):
            raise ValueError(f"{name} is not a YAML mapping")
        merged["current-context"] = config.get("current-context") or merged["current-context"]
        for kind in ("contexts", "users"):
            for item in config.get(kind) or []:
                merged[kind].setdefault(item["name"], item)
    return merged


def _tls(configuration: Any) -> ssl.SSLContext:
    """What urllib3 would build for every connection out of files, built once."""
    context = urllib3.util.ssl_.create_urllib3_context(
        cert_reqs=ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE
    )
    if configuration.ssl_ca_cert:
        context.load_verify_locations(cafile=configuration.ssl_ca_cert)
    else:
        context.load_default_certs()
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The library logs a failed credential plugin to the root logger, which would write into on-call's screen."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
