"""An API server in memory: objects, versions, patches and refusals as Kubernetes answers them, without a socket.

It takes a request (method, path, query, body) and gives an answer (status, body). What it keeps to: uid, generation
that rises with the specification, resourceVersion with conflicts, dry runs, JSON patch (RFC 6902), merge patch
(RFC 7386), preconditions of a deletion, label and field selectors, the subresource `status`, texts of its errors. What
it does not do: validate what objects mean, run controllers, follow field managers one by one.
"""
from __future__ import annotations

import copy
import datetime
import json
import re
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any

from ansible_collections.releng.runbooks.plugins.module_utils.json_pointer import MISSING, find, unescape
from ansible_collections.releng.runbooks.plugins.module_utils.kube import _BUILT_IN, MANAGED_BY

Object = dict[str, Any]
Answer = tuple[int, Any]  # status, JSON value or text
Key = tuple[str, str, str, str]  # api_version, kind, namespace, name

# Kinds on top of those that the code knows without asking: api_version -> kind -> (plural, namespaced).
MORE: dict[str, dict[str, tuple[str, bool]]] = {
    "v1": {"Namespace": ("namespaces", False), "Node": ("nodes", False)},
    "gateway.networking.k8s.io/v1": {"HTTPRoute": ("httproutes", True), "Gateway": ("gateways", True)},
    "monitoring.coreos.com/v1": {"ServiceMonitor": ("servicemonitors", True), "PodMonitor": ("podmonitors", True)},
}
# Kinds whose status a write to the object itself leaves as it is.
_WITH_STATUS = frozenset({
    "DaemonSet", "Deployment", "Gateway", "HTTPRoute", "HorizontalPodAutoscaler", "Ingress", "Job", "Pod",
    "PodDisruptionBudget", "ReplicaSet", "Service", "StatefulSet",
})  # fmt: skip
_GENERATION_OF = _WITH_STATUS - {"Pod", "Service"}
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Refusal(Exception):
    """The answer that is no success."""

    def __init__(self, status: int, reason: str, message: str, causes: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.answer: Answer = (status, {
            "apiVersion": "v1", "kind": "Status", "status": "Failure", "message": message, "reason": reason,
            "code": status, "details": {"causes": causes} if causes else {},
        })  # fmt: skip


def kinds(api_version: str) -> dict[str, tuple[str, bool]]:
    """Kind -> (plural, namespaced) of what is served under ``api_version``."""
    built_in = {kind: (plural, True) for kind, plural in _BUILT_IN.get(api_version, {}).items()}
    return built_in | MORE.get(api_version, {})


def plural_of(key: Key) -> str:
    """As error texts name the kind: ``leases.coordination.k8s.io``, ``configmaps``."""
    return _qualified(kinds(key[0])[key[1]][0], key[0])


class FakeApi:
    """The server. ``objects`` are live: a test may read them; it changes them through :meth:`edit`."""

    def __init__(self, wall: Callable[[], datetime.datetime]) -> None:
        self.wall = wall
        self.version = "v1.34.4"
        self.objects: dict[Key, Object] = {}
        self.logs: dict[tuple[str, str, bool], str] = {}  # pod, container, previous
        self.forbidden: dict[tuple[str, str], str] = {}  # verb, plural -> reason
        self._count = 0

    # What tests do behind the back of the code

    def add(self, obj: Object, namespace: str = "") -> Object:
        """Put an object there as it is, status too; its versions are filled in."""
        obj = copy.deepcopy(obj)
        metadata = obj["metadata"]
        metadata.setdefault("namespace", namespace)
        metadata.setdefault("uid", str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(metadata, sort_keys=True))))
        if obj["kind"] in _GENERATION_OF:
            metadata.setdefault("generation", 1)
        metadata.setdefault("creationTimestamp", self._now())
        return self._store((obj["apiVersion"], obj["kind"], metadata["namespace"], metadata["name"]), obj)

    def edit(self, key: Key, change: Callable[[Object], object]) -> Object:
        """Let ``change`` work on the object in place, as another person would: new version, generation when due."""
        before = self.objects[key]
        after = copy.deepcopy(before)
        change(after)
        return self._store(key, self._generation(before, after))

    # Requests

    def request(
        self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None, content_type: str = ""
    ) -> Answer:
        sent = json.loads(body) if isinstance(body, str) else body
        try:
            return self._route(method, path, query or {}, sent, content_type)
        except Refusal as refusal:
            return refusal.answer

    def _route(self, method: str, path: str, query: dict[str, str], body: Any, content_type: str) -> Answer:
        parts = [urllib.parse.unquote(part) for part in path.strip("/").split("/")]
        if parts == ["version"]:
            return 200, {"gitVersion": self.version}
        if parts[-1] == "selfsubjectaccessreviews":
            return 201, self._review(body)
        api_version, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        if not kinds(api_version):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        if not rest:
            return 200, {"kind": "APIResourceList", "resources": [
                {"kind": kind, "name": plural, "namespaced": namespaced}
                for kind, (plural, namespaced) in kinds(api_version).items()
            ]}  # fmt: skip
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        plural, name, sub = [*rest, "", ""][:3]
        kind = next((one for one, (many, _) in kinds(api_version).items() if many == plural), "")
        if not kind:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        key = (api_version, kind, namespace, name)
        self._allow(method, key, plural, sub)
        if sub == "log":
            return 200, self._log(key, query)
        if method == "GET":
            return 200, copy.deepcopy(self._found(key)) if name else self._listed(key, query)
        return self._write(method, key, sub, query, body, content_type)

    def _write(
        self, method: str, key: Key, sub: str, query: dict[str, str], body: Any, content_type: str
    ) -> Answer:
        dry = query.get("dryRun") == "All"
        if method == "POST":
            return 201, self._created((*key[:3], body["metadata"]["name"]), body, dry)
        if method == "DELETE":
            return 200, self._deleted(key, body or {}, dry)
        if method == "PATCH" and "apply" in content_type:
            return 200, self._applied(key, body, query.get("force") == "true", dry)
        before = self._found(key)
        if method == "PUT":
            after = copy.deepcopy(body)
        elif "json-patch" in content_type:
            after = self._patched(key, before, body)
        else:
            after = merged(before, body)
        return 200, self._updated(key, before, after, sub, dry)

    # Reading

    def _found(self, key: Key) -> Object:
        if key not in self.objects:
            raise Refusal(404, "NotFound", f'{plural_of(key)} "{key[3]}" not found')
        return self.objects[key]

    def _listed(self, key: Key, query: dict[str, str]) -> Object:
        items = [
            {name: value for name, value in copy.deepcopy(obj).items() if name not in ("apiVersion", "kind")}
            for (version, kind, namespace, _), obj in sorted(self.objects.items())
            if (version, kind) == key[:2] and namespace == key[2]
            and selects(query.get("labelSelector", ""), obj["metadata"].get("labels") or {})
            and _fields(query.get("fieldSelector", ""), obj)
        ]
        return {"apiVersion": key[0], "kind": f"{key[1]}List", "metadata": {}, "items": items}

    def _log(self, key: Key, query: dict[str, str]) -> str:
        pod = self._found(key)
        containers = [one["name"] for one in pod.get("spec", {}).get("containers", [])]
        container = query.get("container") or (containers[0] if containers else "")
        text = self.logs.get((key[3], container, query.get("previous") == "true"))
        if text is None:
            if query.get("previous") == "true":
                message = f'previous terminated container "{container}" in pod "{key[3]}" not found'
                raise Refusal(400, "BadRequest", message)
            return ""
        return "".join(text.splitlines(keepends=True)[-int(query.get("tailLines", "1000")) :])

    def _review(self, body: Object) -> Object:
        asked = body["spec"]["resourceAttributes"]
        plural = "/".join(part for part in (asked.get("resource", ""), asked.get("subresource", "")) if part)
        reason = self.forbidden.get((asked["verb"], plural))
        return {"kind": body["kind"], "status": {"allowed": reason is None, "reason": reason or ""}}

    def _allow(self, method: str, key: Key, plural: str, sub: str) -> None:
        verb = _VERBS.get(method) or ("get" if key[3] else "list")
        asked = f"{plural}/{sub}" if sub else plural
        if (verb, asked) in self.forbidden:
            raise Refusal(
                403, "Forbidden", f'{_qualified(asked, key[0])} is forbidden: User "tester" cannot {verb} resource '
                f'"{asked}" in the namespace "{key[2]}"',
            )  # fmt: skip

    # Writing

    def _created(self, key: Key, body: Object, dry: bool) -> Object:
        if key in self.objects:
            raise Refusal(409, "AlreadyExists", f'{plural_of(key)} "{key[3]}" already exists')
        obj = copy.deepcopy(body)
        self._count += 1
        metadata = obj["metadata"] = {
            **obj["metadata"], "namespace": key[2], "uid": str(uuid.UUID(int=self._count)),
            "creationTimestamp": self._now(),
        }  # fmt: skip
        if key[1] in _GENERATION_OF:
            metadata["generation"] = 1
        if key[1] in _WITH_STATUS:
            obj.pop("status", None)
        return self._store(key, obj, dry)

    def _applied(self, key: Key, body: Object, force: bool, dry: bool) -> Object:
        """Server-side apply with two managers: us, and everybody else for what does not carry our label."""
        if key not in self.objects:
            return self._created(key, body, dry)
        before = self.objects[key]
        after = merged(before, body)
        ours = (before["metadata"].get("labels") or {}).items() >= MANAGED_BY.items()
        if not force and not ours and _content(after) != _content(before):
            raise Refusal(409, "Conflict", 'Apply failed with 1 conflict: conflict with "helm"')
        return self._updated(key, before, after, "", dry)

    def _patched(self, key: Key, before: Object, ops: list[Object]) -> Object:
        try:
            return patched(before, ops)
        except PatchError as error:
            # The API server tells neither path nor values of a failed test.
            message = "the server rejected our request due to an error in our request" if error.test else str(error)
            raise Refusal(422, "Invalid", message) from None

    def _updated(self, key: Key, before: Object, after: Object, sub: str, dry: bool) -> Object:
        wanted = after["metadata"].get("resourceVersion")
        if wanted and wanted != before["metadata"]["resourceVersion"]:
            raise Refusal(
                409, "Conflict", f'Operation cannot be fulfilled on {plural_of(key)} "{key[3]}": the object has been '
                "modified; please apply your changes to the latest version and try again",
            )  # fmt: skip
        after["apiVersion"], after["kind"] = key[0], key[1]
        for name in ("uid", "creationTimestamp", "generation", "namespace", "name"):
            if name in before["metadata"]:
                after["metadata"][name] = before["metadata"][name]
        if sub == "status":
            after = {**copy.deepcopy(before), "status": after.get("status", {})}
        elif key[1] in _WITH_STATUS:
            after.pop("status", None)
            if "status" in before:
                after["status"] = copy.deepcopy(before["status"])
        if _content(after) == _content(before):  # nothing changes: the version stays
            return copy.deepcopy(before)
        return self._store(key, self._generation(before, after), dry)

    def _deleted(self, key: Key, options: Object, dry: bool) -> Object:
        found = self._found(key)
        for name, value in (options.get("preconditions") or {}).items():
            if found["metadata"][name] != value:
                raise Refusal(
                    409, "Conflict", f"Precondition failed: {name} in precondition: {value}, in object meta: "
                    f"{found['metadata'][name]}",
                )  # fmt: skip
        if not dry:
            del self.objects[key]
            uid = found["metadata"]["uid"]
            for other, obj in list(self.objects.items()):
                owners = obj["metadata"].get("ownerReferences") or []
                if other in self.objects and any(owner["uid"] == uid for owner in owners):
                    self._deleted(other, {}, dry)
        return {"apiVersion": "v1", "kind": "Status", "status": "Success"}

    def _generation(self, before: Object, after: Object) -> Object:
        if after["kind"] in _GENERATION_OF and after.get("spec") != before.get("spec"):
            after["metadata"]["generation"] = before["metadata"].get("generation", 1) + 1
        return after

    def _store(self, key: Key, obj: Object, dry: bool = False) -> Object:
        obj = json.loads(json.dumps(obj))  # as it would have travelled: what is no JSON fails here
        if not dry:
            self._count += 1
            obj["metadata"]["resourceVersion"] = str(self._count)
            self.objects[key] = obj
        return copy.deepcopy(obj)

    def _now(self) -> str:
        return self.wall().strftime("%Y-%m-%dT%H:%M:%SZ")


class PatchError(Exception):
    """An operation that cannot be done; ``test``: it was a ``test`` that did not hold."""

    def __init__(self, text: str, test: bool = False) -> None:
        super().__init__(text)
        self.test = test


def patched(document: Any, ops: list[Object]) -> Any:
    """``document`` after all of ``ops`` (RFC 6902). :raises PatchError: one of them cannot be done"""
    document = copy.deepcopy(document)
    for op in ops:
        name, path = op["op"], op["path"]
        if name == "test":
            found = find(document, path)
            if found is MISSING or not _same(found, op["value"]):
                raise PatchError(f"testing value {path} failed", test=True)
            continue
        if name in ("move", "copy"):
            value = copy.deepcopy(find(document, op["from"]))
            if name == "move":
                _put(document, op["from"], "remove", None)
            name = "add"
        else:
            value = copy.deepcopy(op.get("value"))
        _put(document, path, name, value)
    return document


def _put(document: Any, path: str, name: str, value: Any) -> None:
    parent_path, _slash, last = path.rpartition("/")
    parent, last = find(document, parent_path), unescape(last)
    if isinstance(parent, dict):
        if name != "add" and last not in parent:
            raise PatchError(f"{name} operation does not apply: doc is missing key: {path}: missing value")
        if name == "remove":
            del parent[last]
        else:
            parent[last] = value
        return
    if not isinstance(parent, list):
        raise PatchError(f"{name} operation does not apply: doc is missing path: {path}: missing value")
    index = len(parent) if last == "-" else int(last)
    if index > len(parent) or (name != "add" and index == len(parent)):
        raise PatchError(f"{name} operation does not apply: invalid index {last} at {path}")
    if name == "add":
        parent.insert(index, value)
    elif name == "remove":
        del parent[index]
    else:
        parent[index] = value


def merged(document: Any, change: Any) -> Any:
    """``document`` after a merge patch (RFC 7386)."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = copy.deepcopy(document) if isinstance(document, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether a label selector in the form of a request matches."""
    for part in re.split(r",(?![^()]*\))", selector) if selector else []:
        part = part.strip()
        group = re.fullmatch(r"(\S+) (in|notin) \(([^)]*)\)", part)
        if group:
            listed = [value.strip() for value in group[3].split(",")]
            holds = (labels.get(group[1]) in listed) == (group[2] == "in")
        elif "!=" in part:
            key, _sign, value = part.partition("!=")
            holds = labels.get(key) != value
        elif "=" in part:
            key, _sign, value = part.replace("==", "=").partition("=")
            holds = labels.get(key) == value
        else:
            holds = (part.lstrip("!") in labels) != part.startswith("!")
        if not holds:
            return False
    return True


def _fields(selector: str, obj: Object) -> bool:
    for part in selector.split(",") if selector else []:
        path, _sign, value = part.partition("=")
        found = find(obj, "/" + path.replace(".", "/"))
        if str("" if found is MISSING else found) != value:
            return False
    return True


def _content(obj: Object) -> Object:
    volatile = ("resourceVersion", "managedFields")
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in volatile}}


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON values: 1 is not true."""
    return bool(json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def _qualified(plural: str, api_version: str) -> str:
    group = api_version.rpartition("/")[0]
    return f"{plural}.{group}" if group else plural
