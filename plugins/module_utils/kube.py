# Copyright (c) 2026, the releng.runbooks authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API as releases need it: every change is sent once, every request has a time limit and a name.

A ``Kube`` belongs to one cluster and one namespace. Create it in the worker that uses it (after the fork); creating
it sends nothing, and kinds that every cluster has need no discovery. All objects are plain dicts.
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import json
import math
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

try:
    import kubernetes
    import kubernetes.dynamic.resource
    import urllib3
except ImportError:
    kubernetes = None  # type: ignore[assignment]

from ansible_collections.releng.runbooks.plugins.module_utils import json_pointer
from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Denied,
    NotFound,
    Overtaken,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube_connect import Access, connect
from ansible_collections.releng.runbooks.plugins.module_utils.kube_errors import explain, is_api_status, no_answer

__all__ = ["MANAGED_BY", "MANAGER", "OWNER_LABEL", "RELEASE_LABEL", "TOKEN_ANNOTATION", "Access", "HttpAnswer", "Kube"]

MANAGER = "releng-runbooks"
OWNER_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = {OWNER_LABEL: MANAGER}
RELEASE_LABEL = "releng.runbooks/release"
TOKEN_ANNOTATION = "releng.runbooks/token"

STARTS = 15.0  # seconds that an API server may take after an outage until it knows who may do what

# A longer answer is cut: a log or a page may have any length, and so may what claims to be an API server.
MAX_TEXT = 1 << 20
MAX_OBJECTS = 1 << 26
PAGE = 500  # objects in one answer; a pod takes 10 to 20 KiB

# Named here because the class has a method `list`.
Objects = list[dict[str, Any]]

# Kinds that every supported cluster serves at this path: no discovery request, and no right to discover is needed.
_BUILT_IN = {
    "v1": {
        "ConfigMap": "configmaps", "Event": "events", "PersistentVolumeClaim": "persistentvolumeclaims", "Pod": "pods",
        "ResourceQuota": "resourcequotas", "Secret": "secrets", "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {
        "ControllerRevision": "controllerrevisions", "DaemonSet": "daemonsets", "Deployment": "deployments",
        "ReplicaSet": "replicasets", "StatefulSet": "statefulsets",
    },
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "batch/v1": {"CronJob": "cronjobs", "Job": "jobs"},
    "coordination.k8s.io/v1": {"Lease": "leases"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
}


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """One answer: HTTP status, body (at most 1 MiB), seconds until it was there, headers."""

    status: int
    body: bytes
    seconds: float
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Kube:
    """One namespace of one cluster.

    Every method raises :class:`Unreachable` without an answer in time or on 429 and 5xx (what a change did is then
    unknown: read before deciding), :class:`Denied` on 401 and 403, and otherwise :class:`RunbookError` or what the
    method names, with the API server's own message. ``requests`` counts what was sent.
    """

    def __init__(self, access: Access) -> None:
        """:raises Refused: kubeconfig or context cannot be used"""
        connection = connect(access)
        self.access = access
        self.host = connection.host
        self.context = connection.context
        self.requests = 0
        self._client = connection.client
        self._silent = -math.inf  # when a request was without an answer last
        self._resources: dict[tuple[str, str], Any] = {}

    # Objects

    def get(
        self, kind: str, name: str, api_version: str = "v1", namespace: str | None = None
    ) -> dict[str, Any] | None:
        """The object, or None when there is none. :raises NotFound: the cluster does not know the kind"""
        path = self._path(kind, api_version, name, namespace)
        try:
            return self._object("GET", path, self._doing("get", kind, name, namespace))
        except NotFound:
            return None

    def list(
        self, kind: str, api_version: str = "v1", selector: str = "", fields: str = "", namespace: str | None = None
    ) -> Objects:
        """All objects of the kind in the namespace that match label ``selector`` and field selector ``fields``."""
        path = self._path(kind, api_version, "", namespace)
        doing = f"list {kind} in {namespace or self.access.namespace}"
        items: Objects = []
        query = {"labelSelector": selector, "fieldSelector": fields, "limit": str(PAGE), "continue": ""}
        while True:
            page = self._object("GET", path, doing, query=query)
            items += page["items"]
            query["continue"] = page["metadata"].get("continue") or ""
            if not query["continue"]:
                break
        for item in items:  # items of a list carry neither
            item.setdefault("apiVersion", api_version)
            item.setdefault("kind", kind)
        return items

    def create(self, obj: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        """:raises Conflict: it exists already"""
        kind, api_version, name, namespace = _identity(obj)
        path = self._path(kind, api_version, "", namespace)
        doing = self._doing("create", kind, name, namespace)
        return self._object("POST", path, doing, body=obj, query=_writing(dry_run))

    def apply(self, obj: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        """Server-side apply. Fields of other managers are taken over only on objects that carry our label.

        :raises Conflict: another manager owns a field, and the object is not ours
        """
        kind, api_version, name, namespace = _identity(obj)
        ours = (obj["metadata"].get("labels") or {}).get(OWNER_LABEL) == MANAGER
        body = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "managedFields"}}
        return self._object(
            "PATCH", self._path(kind, api_version, name, namespace), self._doing("apply", kind, name, namespace),
            # As text: the client would refuse to serialise a dict for this content type.
            body=json.dumps(body), content_type="application/apply-patch+yaml",
            query={**_writing(dry_run), "force": "true" if ours else "false"},
        )

    def json_patch(
        self, kind: str, name: str, ops: Objects, api_version: str = "v1", dry_run: bool = False,
        namespace: str | None = None,
    ) -> dict[str, Any]:
        """One JSON patch (RFC 6902): all operations or none.

        :raises Overtaken: a ``test`` in it failed; ``facts`` hold ``path``, ``expected`` and ``found``
        :raises NotFound: there is no such object
        """
        doing = self._doing("patch", kind, name, namespace)
        try:
            return self._object(
                "PATCH", self._path(kind, api_version, name, namespace), doing, body=ops,
                content_type="application/json-patch+json", query=_writing(dry_run),
            )
        except RunbookError as error:
            if error.facts.get("status") != 422 or error.facts.get("causes"):
                raise
            self._name_failed_test(doing, self.get(kind, name, api_version, namespace), ops)
            raise

    def _name_failed_test(self, doing: str, found: dict[str, Any] | None, ops: Objects) -> None:
        """The API server does not say which operation failed; what the object looks like now mostly does."""
        tests = [op for op in ops if op["op"] == "test"]
        if not tests:
            return
        test = json_pointer.failed_test(found, tests) or tests[0]
        value = json_pointer.find(found, test["path"])
        value = None if value is json_pointer.MISSING else value
        raise Overtaken(
            f"{doing}: somebody else changed it in between: {test['path']} is {_short(value)}, "
            f"expected {_short(test['value'])}.",
            path=test["path"], expected=test["value"], found=value,
        )

    def merge_patch(
        self, kind: str, name: str, body: dict[str, Any], api_version: str = "v1", dry_run: bool = False,
        namespace: str | None = None,
    ) -> dict[str, Any]:
        """JSON merge patch (RFC 7386). :raises Conflict: ``metadata.resourceVersion`` in it is not the current one"""
        return self._object(
            "PATCH", self._path(kind, api_version, name, namespace), self._doing("patch", kind, name, namespace),
            body=body, content_type="application/merge-patch+json", query=_writing(dry_run),
        )

    def replace(self, obj: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
        """:raises Conflict: ``metadata.resourceVersion`` is not the current one"""
        kind, api_version, name, namespace = _identity(obj)
        path = self._path(kind, api_version, name, namespace)
        return self._object(
            "PUT", path, self._doing("replace", kind, name, namespace), body=obj, query=_writing(dry_run)
        )

    def delete(
        self, kind: str, name: str, api_version: str = "v1", uid: str = "", resource_version: str = "",
        namespace: str | None = None,
    ) -> bool:
        """Delete it, with everything that it owns; False when there was none.

        :raises Conflict: it is not the object with this ``uid`` or ``resource_version`` any more
        """
        wanted = {"uid": uid, "resourceVersion": resource_version}
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if any(wanted.values()):
            body["preconditions"] = {key: value for key, value in wanted.items() if value}
        path = self._path(kind, api_version, name, namespace)
        try:
            self._object("DELETE", path, self._doing("delete", kind, name, namespace), body=body)
        except NotFound:
            return False
        return True

    # Pods and what runs in them

    def logs(
        self, pod: str, container: str = "", tail: int = 50, previous: bool = False, namespace: str | None = None
    ) -> str:
        """The last ``tail`` lines (at most 1 MiB), never followed. :raises NotFound: no such pod"""
        query = {
            "container": container, "tailLines": str(tail), "limitBytes": str(MAX_TEXT),
            "previous": "true" if previous else "",
        }
        path = self._path("Pod", "v1", pod, namespace) + "/log"
        doing = self._doing("read logs of", "Pod", pod, namespace)
        answer = self._send("GET", path, doing, query=query, limit=MAX_TEXT)
        return answer.body.decode("utf-8", "replace")

    def proxy(
        self, target: str, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None,
        timeout: float = 5.0, namespace: str | None = None,
    ) -> HttpAnswer:
        """One HTTP request to a pod or service through the API server; every status that it answers is an answer.

        :param target: ``services/shop:8080``, ``services/shop:http`` or ``pods/shop-1:8080``
        :param body: text, or anything else to be sent as JSON
        :raises NotFound: no such pod or service
        :raises Unreachable: no endpoint is ready, or no answer in ``timeout`` seconds
        """
        kind, _slash, name = target.partition("/")
        base = f"/api/v1/namespaces/{namespace or self.access.namespace}/{kind}/{urllib.parse.quote(name, safe=':')}"
        headers = {key.title(): value for key, value in (headers or {}).items()}
        content_type = headers.pop("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        if isinstance(body, str) and "json" in content_type:
            body = json.loads(body)  # the client serialises what it sends as JSON
        doing = f"{method} {path.partition('?')[0]} at {target} in {namespace or self.access.namespace}"
        return self._send(
            method, f"{base}/proxy/{path.lstrip('/')}", doing, body=body, headers=headers, content_type=content_type,
            timeout=timeout, relayed=True, limit=MAX_TEXT,
        )

    # The cluster and our rights in it

    def may(
        self, verb: str, resource: str, group: str = "", name: str = "", subresource: str = "",
        namespace: str | None = None,
    ) -> tuple[bool, str]:
        """Whether we may do this in the namespace, and the reason that the API server gives (may be empty)."""
        attributes = {
            "namespace": namespace or self.access.namespace, "verb": verb, "resource": resource, "group": group,
            "name": name, "subresource": subresource,
        }
        review = self._object(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", f"ask whether we may {verb} {resource}",
            body={
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
            },
        )
        status = review["status"]
        return bool(status.get("allowed")), status.get("reason") or status.get("evaluationError") or ""

    def server_version(self) -> str:
        """Such as ``v1.34.4``."""
        return str(self._object("GET", "/version", "read the version of the API server")["gitVersion"])

    def server_time(self) -> datetime.datetime:
        """The API server's clock (UTC, whole seconds): the only one by which ages of releases are told."""
        answer = self._send("GET", "/version", "read the clock of the API server")
        return email.utils.parsedate_to_datetime(answer.headers["Date"]).astimezone(datetime.UTC)

    # How it is sent

    def _path(self, kind: str, api_version: str, name: str = "", namespace: str | None = None) -> str:
        resource = self._resources.get((api_version, kind)) or self._discover(kind, api_version)
        namespace = namespace or self.access.namespace
        return str(resource.path(name=urllib.parse.quote(name, safe=":"), namespace=namespace))

    def _discover(self, kind: str, api_version: str) -> Any:
        built_in = _BUILT_IN.get(api_version, {}).get(kind)
        if built_in:
            found: Objects = [{"kind": kind, "name": built_in, "namespaced": True}]
        else:
            prefix = "api" if "/" not in api_version else "apis"
            doing = f"look up {api_version}"
            missing = NotFound(f"The cluster at {self.host} knows no {kind} in {api_version}.", kind=kind)
            try:
                found = self._object("GET", f"/{prefix}/{api_version}", doing)["resources"]
            except NotFound:
                raise missing from None
            if not any(entry["kind"] == kind for entry in found):
                raise missing
        group, _slash, version = api_version.rpartition("/")
        for entry in found:
            if "/" not in entry["name"]:  # not a subresource
                self._resources[api_version, entry["kind"]] = kubernetes.dynamic.resource.Resource(
                    prefix="apis" if group else "api", group=group, api_version=version, kind=entry["kind"],
                    namespaced=entry["namespaced"], name=entry["name"],
                )
        return self._resources[api_version, kind]

    def _doing(self, verb: str, kind: str, name: str, namespace: str | None) -> str:
        return f"{verb} {kind} {namespace or self.access.namespace}/{name}"

    def _object(self, method: str, path: str, doing: str, **how: Any) -> dict[str, Any]:
        answer = self._send(method, path, doing, **how)
        try:
            data = json.loads(answer.body)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise RunbookError(f"{doing}: {self.host} does not answer as a Kubernetes API server.", host=self.host)
        return data

    def _send(
        self, method: str, path: str, doing: str, body: Any = None, query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None, content_type: str = "application/json", timeout: float | None = None,
        relayed: bool = False, limit: int = MAX_OBJECTS,
    ) -> HttpAnswer:
        """One request. ``relayed``: a pod or service answers behind the API server, and any status is its answer."""
        request = {
            "body": body, "query_params": [(key, value) for key, value in (query or {}).items() if value],
            "header_params": dict(headers or {}), "content_type": content_type, "serialize": False,
            "_request_timeout": timeout or self.access.timeout,
        }
        where = f"{self.host} (context {self.context})"
        started = time.monotonic()
        try:
            response = self._exchange(method, path, request)
            text = response.read(limit, decode_content=True)
            if not response.isclosed():
                response.close()  # there is more, which nobody wants; the connection cannot be used again
        except kubernetes.client.ApiException as error:
            raw = error.body.encode() if isinstance(error.body, str) else error.body or b""
            if relayed and error.status and not is_api_status(raw):
                return HttpAnswer(error.status, raw[:limit], time.monotonic() - started, dict(error.headers or {}))
            raise self._told(explain(error.status, error.reason, raw, doing, where)) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._silent = time.monotonic()
            raise no_answer(error, doing, where) from None
        return HttpAnswer(response.status, text, time.monotonic() - started, dict(response.headers))

    def _told(self, error: RunbookError) -> RunbookError:
        """``error``, unless it says no just after an outage: an API server that starts lets nobody in before it has
        read who may do what, and a right that was there a minute ago would be taken for one that is missing."""
        if not isinstance(error, Denied) or time.monotonic() - self._silent > STARTS:
            return error
        return Unreachable(f"{error.message} It has just come back; who may do what is not known to it yet.")

    def _exchange(self, method: str, path: str, request: dict[str, Any]) -> Any:
        """Send it once; a read once more when the server had closed an idle connection just then."""
        self.requests += 1
        try:
            return self._client.request(method, path, **request)
        except urllib3.exceptions.ProtocolError:
            if method != "GET":
                raise
        self.requests += 1
        return self._client.request(method, path, **request)


def _identity(obj: dict[str, Any]) -> tuple[str, str, str, str | None]:
    metadata = obj["metadata"]
    return obj["kind"], obj["apiVersion"], metadata["name"], metadata.get("namespace")


def _writing(dry_run: bool) -> dict[str, str]:
    return {"fieldManager": MANAGER, "dryRun": "All" if dry_run else ""}


def _short(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return text if len(text) <= 120 else f"{text[:119]}…"
