"""Requests of `Kube` as they go over a socket, and what it makes of the answers."""
from __future__ import annotations

import base64
import datetime
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Conflict,
    Denied,
    NotFound,
    Overtaken,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import MANAGED_BY, MAX_TEXT, STARTS, Access, Kube
from tests.unit.api_server import TOKEN, ApiServer

ROUTES = "gateway.networking.k8s.io/v1"
REJECTED = "the server rejected our request due to an error in our request"


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def kube(server: ApiServer, tmp_path: Path) -> Kube:
    return Kube(Access(kubeconfig=server.kubeconfig(tmp_path), namespace="shop", timeout=5.0))


def config(name: str = "shop", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"a": "1"}}


# What is sent


def test_making_one_sends_nothing(server: ApiServer, kube: Kube) -> None:
    assert (server.requests, kube.requests) == ([], 0)
    assert (kube.host, kube.context) == (server.url, "lab")


def test_a_known_kind_needs_no_discovery(server: ApiServer, kube: Kube) -> None:
    server.answer(200, config())
    assert kube.get("ConfigMap", "shop") == config()
    (sent,) = server.requests
    assert (sent.method, sent.path, sent.query) == ("GET", "/api/v1/namespaces/shop/configmaps/shop", {})
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["User-Agent"] == "releng-runbooks"


def test_another_namespace_and_a_name_that_needs_quoting(server: ApiServer, kube: Kube) -> None:
    server.answer(200, {})
    kube.get("Lease", "a/b", "coordination.k8s.io/v1", namespace="other")
    assert server.requests[0].path == "/apis/coordination.k8s.io/v1/namespaces/other/leases/a%2Fb"


def test_another_kind_is_looked_up_once(server: ApiServer, kube: Kube) -> None:
    server.answer(200, {"resources": [
        {"kind": "HTTPRoute", "name": "httproutes/status", "namespaced": True},
        {"kind": "HTTPRoute", "name": "httproutes", "namespaced": True},
        {"kind": "GatewayClass", "name": "gatewayclasses", "namespaced": False},
    ]})  # fmt: skip
    for _answer in range(3):
        server.answer(200, {})
    kube.get("HTTPRoute", "shop", ROUTES)
    kube.get("HTTPRoute", "shop", ROUTES)
    kube.get("GatewayClass", "lab", ROUTES)
    assert [sent.path for sent in server.requests] == [
        f"/apis/{ROUTES}", f"/apis/{ROUTES}/namespaces/shop/httproutes/shop",
        f"/apis/{ROUTES}/namespaces/shop/httproutes/shop", f"/apis/{ROUTES}/gatewayclasses/lab",
    ]  # fmt: skip
    assert kube.requests == 4


def test_a_kind_that_is_not_served(server: ApiServer, kube: Kube) -> None:
    server.refuse(404, "NotFound", "the server could not find the requested resource")
    with pytest.raises(NotFound, match=f"The cluster at {server.url} knows no HTTPRoute in {ROUTES}"):
        kube.get("HTTPRoute", "shop", ROUTES)
    server.answer(200, {"resources": [{"kind": "Gateway", "name": "gateways", "namespaced": True}]})
    with pytest.raises(NotFound):
        kube.get("HTTPRoute", "shop", ROUTES)


def test_lists_come_in_pages_and_their_items_say_what_they_are(server: ApiServer, kube: Kube) -> None:
    server.answer(200, {"metadata": {"continue": "next"}, "items": [{"metadata": {"name": "a"}}]})
    server.answer(200, {"metadata": {}, "items": [{"metadata": {"name": "b"}}]})
    found = kube.list("Pod", selector="app=shop", fields="status.phase=Running")
    assert found == [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}} for name in ("a", "b")]
    wanted = {"labelSelector": "app=shop", "fieldSelector": "status.phase=Running", "limit": "500"}
    assert [sent.query for sent in server.requests] == [wanted, {**wanted, "continue": "next"}]


def test_a_list_may_be_longer_than_a_log(server: ApiServer, kube: Kube) -> None:
    server.answer(200, {"metadata": {}, "items": [{"metadata": {"name": "x" * 1000}}] * 3000})
    assert len(kube.list("Pod")) == 3000


@pytest.mark.parametrize("dry_run", [False, True])
def test_writes_name_us_and_may_be_rehearsed(server: ApiServer, kube: Kube, dry_run: bool) -> None:
    query = {"fieldManager": "releng-runbooks"} | ({"dryRun": "All"} if dry_run else {})
    sent: list[tuple[Callable[[], object], str, str, str, Any]] = [
        (lambda: kube.create(config(), dry_run), "POST", "", "application/json", config()),
        (lambda: kube.replace(config(), dry_run), "PUT", "/shop", "application/json", config()),
        (lambda: kube.merge_patch("ConfigMap", "shop", {"data": None}, dry_run=dry_run), "PATCH", "/shop",
         "application/merge-patch+json", {"data": None}),
        (lambda: kube.json_patch("ConfigMap", "shop", [{"op": "remove", "path": "/data"}], dry_run=dry_run), "PATCH",
         "/shop", "application/json-patch+json", [{"op": "remove", "path": "/data"}]),
    ]  # fmt: skip
    for act, method, tail, kind, body in sent:
        server.answer(200, config())
        act()
        last = server.requests[-1]
        assert (last.method, last.path, last.query) == (method, f"/api/v1/namespaces/shop/configmaps{tail}", query)
        assert (last.headers["Content-Type"], last.body) == (kind, body)
    assert len(server.requests) == 4


@pytest.mark.parametrize(("labels", "force"), [(dict(MANAGED_BY), "true"), ({"app": "x"}, "false"), (None, "false")])
def test_only_what_is_ours_is_applied_by_force(
    server: ApiServer, kube: Kube, labels: dict[str, str] | None, force: str
) -> None:
    server.answer(200, config())
    kube.apply(config(labels=labels, managedFields=[{"manager": "helm"}]))
    (sent,) = server.requests
    assert (sent.method, sent.query["force"]) == ("PATCH", force)
    assert sent.headers["Content-Type"] == "application/apply-patch+yaml"
    assert sent.body == config(labels=labels)


def test_deleting_says_which_one_is_meant(server: ApiServer, kube: Kube) -> None:
    server.answer(200, {"kind": "Status", "status": "Success"})
    assert kube.delete("ConfigMap", "shop", uid="u", resource_version="7") is True
    assert server.requests[0].body["preconditions"] == {"uid": "u", "resourceVersion": "7"}
    assert server.requests[0].body["propagationPolicy"] == "Background"
    server.refuse(404, "NotFound", 'configmaps "shop" not found')
    assert kube.delete("ConfigMap", "shop") is False
    assert "preconditions" not in server.requests[1].body
    server.refuse(409, "Conflict", "Precondition failed")
    with pytest.raises(Conflict):
        kube.delete("ConfigMap", "shop", uid="another")


# What comes back


@pytest.mark.parametrize(("code", "reason", "kind"), [
    (400, "BadRequest", RunbookError), (401, "Unauthorized", Denied), (403, "Forbidden", Denied),
    (404, "NotFound", NotFound), (405, "MethodNotAllowed", RunbookError), (408, "Timeout", Unreachable),
    (409, "AlreadyExists", Conflict), (410, "Expired", RunbookError), (413, "RequestEntityTooLarge", RunbookError),
    (422, "Invalid", RunbookError), (429, "TooManyRequests", Unreachable), (500, "InternalError", Unreachable),
    (503, "ServiceUnavailable", Unreachable), (504, "Timeout", Unreachable),
])  # fmt: skip
def test_what_a_refusal_means(
    server: ApiServer, kube: Kube, code: int, reason: str, kind: type[RunbookError]
) -> None:
    server.answer(code, {
        "kind": "Status", "apiVersion": "v1", "message": "as the server says it", "reason": reason,
    }, {"Retry-After": "1"})  # fmt: skip
    with pytest.raises(RunbookError) as raised:
        kube.create(config())
    assert type(raised.value) is kind
    assert raised.value.message.startswith("Cannot create ConfigMap shop/shop: ")
    assert "as the server says it" in raised.value.message
    assert (raised.value.facts["status"], raised.value.facts["reason"]) == (code, reason)
    assert len(server.requests) == 1, "nothing is sent twice"
    if kind is Unreachable or code == 401:
        assert f"{server.url} (context lab)" in raised.value.message
    assert TOKEN not in str(raised.value)


def test_reading_is_not_repeated_either(server: ApiServer, kube: Kube) -> None:
    server.answer(429, {"kind": "Status", "apiVersion": "v1", "message": "later"}, {"Retry-After": "1"})
    with pytest.raises(Unreachable, match="answers 429: later"):
        kube.get("ConfigMap", "shop")
    assert len(server.requests) == 1


def test_a_no_just_after_an_outage_is_no_answer(
    server: ApiServer, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API server that starts denies everybody, until it has read its roles."""
    server.hang_up()
    server.hang_up()
    with pytest.raises(Unreachable):
        kube.get("ConfigMap", "shop")
    server.refuse(403, "Forbidden", "configmaps is forbidden")
    with pytest.raises(Unreachable, match="is forbidden.*has just come back"):
        kube.get("ConfigMap", "shop")
    later = time.monotonic() + STARTS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    server.refuse(403, "Forbidden", "configmaps is forbidden")
    with pytest.raises(Denied):
        kube.get("ConfigMap", "shop")


def test_what_is_not_there_is_none(server: ApiServer, kube: Kube) -> None:
    server.refuse(404, "NotFound", 'configmaps "shop" not found')
    assert kube.get("ConfigMap", "shop") is None


def test_what_is_invalid_is_named(server: ApiServer, kube: Kube) -> None:
    causes = [{"field": "metadata.name", "message": "Invalid value"}, {"field": "data", "message": "too long"}]
    server.refuse(422, "Invalid", 'ConfigMap "Shop" is invalid', causes)
    with pytest.raises(RunbookError) as raised:
        kube.create(config("Shop"))
    assert raised.value.facts["causes"] == ["metadata.name: Invalid value", "data: too long"]


def test_an_object_that_is_quoted_back_is_not_told(server: ApiServer, kube: Kube) -> None:
    """So does an API server refuse a patch of a Secret that makes no sense."""
    secret = json.dumps({"kind": "Secret", "data": {"password": base64.b64encode(b"hunter2" * 20).decode(), "x": 1}})
    says = f"patch: Invalid value: {json.dumps(secret)}: json: cannot unmarshal number"
    server.refuse(422, "Invalid", f'"" is invalid: {says}', [{"field": "patch", "message": says}])
    with pytest.raises(RunbookError) as raised:
        kube.json_patch("Secret", "shop", [{"op": "add", "path": "/data/x", "value": 1}])
    assert "cannot unmarshal number" in raised.value.message
    assert "aHVudGVy" not in f"{raised.value} {raised.value.facts}"


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b""])
def test_what_is_no_api_server_is_named(server: ApiServer, kube: Kube, body: bytes) -> None:
    server.answer(200, body)
    with pytest.raises(RunbookError, match="does not answer as a Kubernetes API server"):
        kube.get("ConfigMap", "shop")


# JSON patches


def test_the_test_that_failed_is_found(server: ApiServer, kube: Kube) -> None:
    server.refuse(422, "Invalid", REJECTED)
    server.answer(200, {**config(), "data": {"a": "theirs"}})
    with pytest.raises(Overtaken, match=r'/data/a is "theirs", expected "ours"') as raised:
        kube.json_patch("ConfigMap", "shop", [
            {"op": "test", "path": "/metadata/name", "value": "shop"},
            {"op": "test", "path": "/data/a", "value": "ours"},
            {"op": "replace", "path": "/data/a", "value": "new"},
        ])  # fmt: skip
    assert raised.value.facts == {"path": "/data/a", "expected": "ours", "found": "theirs"}


def test_a_test_that_would_hold_by_now_failed_all_the_same(server: ApiServer, kube: Kube) -> None:
    server.refuse(422, "Invalid", REJECTED)
    server.answer(200, {**config(), "data": {"a": "ours"}})
    with pytest.raises(Overtaken) as raised:
        kube.json_patch("ConfigMap", "shop", [{"op": "test", "path": "/data/a", "value": "ours"}])
    assert raised.value.facts["path"] == "/data/a"


def test_an_object_that_went_away_meanwhile(server: ApiServer, kube: Kube) -> None:
    server.refuse(422, "Invalid", REJECTED)
    server.refuse(404, "NotFound", "gone")
    with pytest.raises(Overtaken, match="/data/a is null"):
        kube.json_patch("ConfigMap", "shop", [{"op": "test", "path": "/data/a", "value": "ours"}])


def test_a_patch_that_is_wrong_in_itself_was_not_overtaken(server: ApiServer, kube: Kube) -> None:
    server.refuse(422, "Invalid", REJECTED)
    server.answer(200, config())
    with pytest.raises(RunbookError) as raised:
        kube.json_patch("ConfigMap", "shop", [{"op": "replace", "path": "/data/none", "value": "x"}])
    assert type(raised.value) is RunbookError
    server.refuse(422, "Invalid", "is invalid", [{"field": "data", "message": "no"}])
    with pytest.raises(RunbookError) as raised:
        kube.json_patch("ConfigMap", "shop", [{"op": "test", "path": "/data/a", "value": "ours"}])
    assert type(raised.value) is RunbookError


def test_a_long_value_is_told_shortly(server: ApiServer, kube: Kube) -> None:
    server.refuse(422, "Invalid", REJECTED)
    server.answer(200, {"data": {"a": "y" * 5000}})
    with pytest.raises(Overtaken) as raised:
        kube.json_patch("ConfigMap", "shop", [{"op": "test", "path": "/data/a", "value": "x" * 5000}])
    assert len(raised.value.message) < 500


# No answer


def test_a_server_that_is_silent(server: ApiServer, tmp_path: Path) -> None:
    kube = Kube(Access(kubeconfig=server.kubeconfig(tmp_path), namespace="shop", timeout=0.3))
    for act in (lambda: kube.get("ConfigMap", "shop"), lambda: kube.replace(config())):
        server.hang()
        before = time.monotonic()
        with pytest.raises(Unreachable, match=rf"no answer from {server.url} \(context lab\): timed out\.$"):
            act()
        assert 0.2 < time.monotonic() - before < 3
    assert [sent.method for sent in server.requests] == ["GET", "PUT"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_whose_connection_ends_is_sent_once(server: ApiServer, kube: Kube, method: str) -> None:
    server.hang_up()
    acts: dict[str, Callable[[], object]] = {
        "POST": lambda: kube.create(config()), "PUT": lambda: kube.replace(config()),
        "PATCH": lambda: kube.merge_patch("ConfigMap", "shop", {}), "DELETE": lambda: kube.delete("ConfigMap", "shop"),
    }  # fmt: skip
    with pytest.raises(Unreachable, match="no answer from"):
        acts[method]()
    assert [sent.method for sent in server.requests] == [method]


def test_a_read_whose_connection_ends_is_sent_once_more(server: ApiServer, kube: Kube) -> None:
    server.hang_up()
    server.answer(200, config())
    assert kube.get("ConfigMap", "shop") == config()
    server.hang_up()
    server.hang_up()
    with pytest.raises(Unreachable):
        kube.get("ConfigMap", "shop")
    assert (len(server.requests), kube.requests) == (4, 4)


@pytest.mark.parametrize(("url", "says"), [
    ("http://127.0.0.1:1", "refused"), ("http://nowhere.invalid:6443", "its name cannot be resolved"),
])  # fmt: skip
def test_nobody_is_there(tmp_path: Path, url: str, says: str) -> None:
    with ApiServer() as server:
        server.url = url
        kube = Kube(Access(kubeconfig=server.kubeconfig(tmp_path), timeout=5.0))
    with pytest.raises(Unreachable) as raised:
        kube.get("ConfigMap", "shop")
    assert says in raised.value.message and f"{url} (context lab)" in raised.value.message
    assert "object at 0x" not in raised.value.message


# Logs and what runs in pods


def test_logs_are_bounded(server: ApiServer, kube: Kube) -> None:
    server.answer(200, b"one\ntwo \xff\n")
    assert kube.logs("shop-1", "app", tail=20, previous=True) == "one\ntwo \ufffd\n"
    (sent,) = server.requests
    assert sent.path == "/api/v1/namespaces/shop/pods/shop-1/log"
    assert sent.query == {"container": "app", "tailLines": "20", "limitBytes": str(MAX_TEXT), "previous": "true"}


def test_a_log_that_is_too_long_is_cut_and_the_next_request_works(server: ApiServer, kube: Kube) -> None:
    server.answer(200, b"x" * (MAX_TEXT + 100_000))
    assert len(kube.logs("shop-1")) == MAX_TEXT
    server.answer(200, config())
    assert kube.get("ConfigMap", "shop") == config()


def test_a_service_is_asked_through_the_api_server(server: ApiServer, kube: Kube) -> None:
    server.answer(201, {"id": "b1"}, {"X-Version": "1.4.0"})
    answer = kube.proxy("services/shop:http", "/bid?test=1", "POST", {"id": "b1"}, {"x-key": "k"})
    assert (answer.status, answer.body, answer.headers["X-Version"]) == (201, b'{"id": "b1"}', "1.4.0")
    assert 0 < answer.seconds < 5
    (sent,) = server.requests
    assert (sent.method, sent.path, sent.query) == (
        "POST", "/api/v1/namespaces/shop/services/shop:http/proxy/bid", {"test": "1"},
    )  # fmt: skip
    assert (sent.body, sent.headers["X-Key"]) == ({"id": "b1"}, "k")


@pytest.mark.parametrize(("body", "headers", "sent", "kind"), [
    ("plain", {}, "plain", "text/plain"), ({"a": 1}, {}, {"a": 1}, "application/json"),
    ('{"a": 1}', {"content-type": "application/json"}, {"a": 1}, "application/json"),
    (None, {}, None, "application/json"),
])  # fmt: skip
def test_what_is_sent_to_a_service(
    server: ApiServer, kube: Kube, body: Any, headers: dict[str, str], sent: Any, kind: str
) -> None:
    server.answer(200, b"ok")
    assert kube.proxy("pods/shop-1:8080", "/", "POST", body, headers).body == b"ok"
    assert (server.requests[0].body, server.requests[0].headers["Content-Type"]) == (sent, kind)


@pytest.mark.parametrize("code", [404, 429, 500, 503])
def test_what_the_service_itself_answers_is_an_answer(server: ApiServer, kube: Kube, code: int) -> None:
    server.answer(code, {"status": "unhealthy"})
    answer = kube.proxy("services/shop:8080", "/health")
    assert (answer.status, json.loads(answer.body)) == (code, {"status": "unhealthy"})


@pytest.mark.parametrize(("code", "reason", "kind"), [
    (404, "NotFound", NotFound), (503, "ServiceUnavailable", Unreachable), (403, "Forbidden", Denied),
])  # fmt: skip
def test_what_the_api_server_answers_instead_of_it_is_an_error(
    server: ApiServer, kube: Kube, code: int, reason: str, kind: type[RunbookError]
) -> None:
    server.refuse(code, reason, 'no endpoints available for service "shop"')
    with pytest.raises(kind, match="Cannot GET /health at services/shop:8080 in shop: "):
        kube.proxy("services/shop:8080", "/health?key=secret")


def test_a_service_has_its_own_time_limit(server: ApiServer, kube: Kube) -> None:
    server.hang()
    before = time.monotonic()
    with pytest.raises(Unreachable, match="timed out"):
        kube.proxy("services/shop:8080", "/health", timeout=0.2)
    assert time.monotonic() - before < 3


# The cluster


def test_rights_are_asked_for(server: ApiServer, kube: Kube) -> None:
    server.answer(201, {"status": {"allowed": True, "reason": "RBAC: allowed"}})
    server.answer(201, {"status": {"allowed": False, "evaluationError": "no such role"}})
    server.answer(201, {"status": {}})
    assert kube.may("patch", "httproutes", "gateway.networking.k8s.io", "shop") == (True, "RBAC: allowed")
    assert kube.may("get", "pods", subresource="log") == (False, "no such role")
    assert kube.may("get", "pods", namespace="other") == (False, "")
    asked = [sent.body["spec"]["resourceAttributes"] for sent in server.requests]
    assert asked == [
        {"namespace": "shop", "verb": "patch", "resource": "httproutes", "group": "gateway.networking.k8s.io",
         "name": "shop"},
        {"namespace": "shop", "verb": "get", "resource": "pods", "subresource": "log"},
        {"namespace": "other", "verb": "get", "resource": "pods"},
    ]  # fmt: skip


def test_version_and_clock(server: ApiServer, kube: Kube) -> None:
    server.answer(200, {"gitVersion": "v1.34.4"})
    assert kube.server_version() == "v1.34.4"
    server.answer(200, {})
    age = datetime.datetime.now(datetime.UTC) - kube.server_time()
    assert abs(age.total_seconds()) < 5
