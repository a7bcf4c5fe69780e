"""Is it healthy: probes through the cluster and over HTTP, pods, logs."""
from __future__ import annotations

import datetime
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from ansible_collections.releng.runbooks.plugins.module_utils.errors import (
    Denied,
    NotFound,
    Refused,
    RunbookError,
    Unreachable,
)
from ansible_collections.releng.runbooks.plugins.module_utils.health import (
    Probe,
    ProbeResult,
    bid_probe,
    database_probe,
    pods_healthy,
    probe,
    scan_logs,
)
from ansible_collections.releng.runbooks.plugins.module_utils.kube import HttpAnswer
from tests.unit.clock import FakeClock
from tests.unit.fake_kube import FakeKube

SECRET = "hunter2-of-the-probe"
Request = tuple[str, str, dict[str, str], str]  # method, path, headers, body
HEALTH: dict[str, Any] = {
    "name": "health", "service": "shop", "port": 8080, "path": "/health",
    "expect": ["health.status == 'healthy'", "health.version == context.version"],
}  # fmt: skip


def answer(body: Any, status: int = 200, seconds: float = 0.01) -> HttpAnswer:
    return HttpAnswer(status, json.dumps(body).encode(), seconds, {"Content-Type": "application/json"})


def ask(kube: FakeKube | None, clock: FakeClock | None = None, **change: Any) -> ProbeResult:
    return probe({**HEALTH, **change}, kube, {"version": "1.4.0"}, clock or FakeClock())


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


# Through the cluster


def test_healthy(kube: FakeKube) -> None:
    kube.serve("services/shop:8080", "/health", answer({"status": "healthy", "version": "v1.4.0"}))
    assert ask(kube) == ProbeResult("health", "healthy", 200, 0.01)


def test_another_version_is_not_what_was_released(kube: FakeKube) -> None:
    kube.serve("services/shop:8080", "/health", answer({"status": "healthy", "version": "1.0.0"}))
    assert ask(kube) == ProbeResult("health", "unhealthy", 200, 0.01, "", ("health.version == context.version",))


def test_another_status_is_unhealthy_even_where_all_expectations_hold(kube: FakeKube) -> None:
    kube.serve("services/shop:8080", "/health", answer({"status": "healthy", "version": "1.4.0"}, 503))
    seen = ask(kube)
    assert (seen.status, seen.status_code, seen.error, seen.failed_expectations) == ("unhealthy", 503, "status 503", ())
    assert ask(kube, status=[200, 503]).status == "healthy"


def test_no_answer_is_an_error_and_not_unhealthy(kube: FakeKube) -> None:
    seen = ask(kube)
    assert (seen.status, seen.status_code) == ("error", 0)
    assert "no endpoints available" in seen.error
    kube.fail_next("proxy", NotFound("Cannot GET /health: services \"shop\" not found."))
    assert "not found" in ask(kube).error


def test_it_is_asked_again_until_it_is_healthy(kube: FakeKube) -> None:
    clock = FakeClock()
    answers = [answer({}, 503), Unreachable("no answer"), answer({"status": "healthy", "version": "1.4.0"})]
    kube.serve("services/shop:8080", "/health", _one_after_another(answers))
    assert ask(kube, clock, attempts=5, interval=2).status == "healthy"
    assert clock.slept == [2, 2]


def test_the_last_attempt_is_the_result(kube: FakeKube) -> None:
    clock = FakeClock()
    kube.serve("services/shop:8080", "/health", _one_after_another([Unreachable("first"), answer({}, 500)]))
    assert ask(kube, clock, attempts=2).error == "status 500"
    assert len(clock.slept) == 1


def _one_after_another(answers: list[Any]) -> Callable[..., HttpAnswer]:
    def relay(*_request: Any) -> HttpAnswer:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        found: HttpAnswer = given
        return found

    return relay


def test_every_pod_is_asked_and_the_worst_is_named(kube: FakeKube) -> None:
    for name, more in (("a", {}), ("b", {}), ("c", {}), ("gone", {"deletionTimestamp": "2026-01-02T03:04:05Z"})):
        kube.add(pod(name, **more))
    good = {"status": "healthy", "version": "1.4.0"}
    kube.serve("pods/a:8080", "/health", answer(good))
    kube.serve("pods/b:8080", "/health", answer({**good, "version": "1.0.0"}))
    kube.serve("pods/c:8080", "/health", answer(good, seconds=3.0))
    seen = ask(kube, via="pod", selector="app=shop")
    assert (seen.status, seen.error) == ("unhealthy", "b: not as expected")
    kube.serve("pods/b:8080", "/health", answer(good))
    seen = ask(kube, via="pod", selector="app=shop")
    assert (seen.status, seen.response_time, seen.error) == ("healthy", 3.0, "")
    kube.serve("pods/c:8080", "/health", Unreachable("timed out"))
    assert ask(kube, via="pod", selector="app=shop").error == "c: timed out"


def test_one_pod_by_name(kube: FakeKube) -> None:
    kube.serve("pods/shop-1:8080", "/health", answer({"status": "healthy", "version": "1.4.0"}))
    assert ask(kube, via="pod", pod="shop-1").status == "healthy"


def test_no_pod_and_no_list_of_pods_are_errors(kube: FakeKube) -> None:
    assert ask(kube, via="pod", selector="app=none").error == "no pod matches app=none"
    kube.fail_next("list", Denied("pods is forbidden"))
    assert (ask(kube, via="pod", selector="app=shop").status, ask(kube).status) == ("error", "error")


def test_a_probe_inside_a_cluster_needs_one() -> None:
    with pytest.raises(Refused, match="asks inside a cluster, and there is none for this target"):
        ask(None)


def test_a_bid_and_the_database_are_asked_for(kube: FakeKube) -> None:
    sent: list[tuple[str, Any]] = []

    def bidder(method: str, _path: str, body: Any, _headers: dict[str, str]) -> HttpAnswer:
        sent.append((method, body["id"]))
        return answer({"id": "1"})

    kube.serve("services/bidder:8080", "/bid", bidder)
    kube.serve("services/bidder:8080", "/health/database", answer({}, 503))
    bid = probe(bid_probe("bidder"), kube, {}, FakeClock())
    database = probe(Probe.parse(database_probe("bidder")), kube, {}, FakeClock())
    assert (bid.status, bid.of, sent) == ("healthy", "bid", [("POST", "test-deployment-validation")])
    assert (database.status, database.of, database.error) == ("unhealthy", "database", "status 503")


def test_a_bid_without_content_is_none(kube: FakeKube) -> None:
    kube.serve("services/bidder:8080", "/bid", HttpAnswer(204, b"", 0.01))
    assert probe(bid_probe("bidder"), kube, {}, FakeClock()).error == "status 204"


# Over HTTP


class Site(http.server.BaseHTTPRequestHandler):
    """A server on loopback; ``seen`` keeps what was asked."""

    seen: ClassVar[list[Request]]
    hang: ClassVar[threading.Event]

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(size).decode()))
        if self.path.startswith("/slow"):
            self.hang.wait(5)
        status = 302 if self.path == "/moved" else 200
        self.send_response(status)
        self.send_header("X-Version", "1.4.0")
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b'{"status": "healthy", "version": "1.4.0"}')

    do_POST = do_HEAD = do_PUT = do_GET

    def log_message(self, *_args: Any) -> None:
        """Nothing goes to the output of tests."""


@pytest.fixture
def site() -> Iterator[tuple[str, type[Site]]]:
    class OneSite(Site):
        """Of this test alone."""

        seen: ClassVar[list[Request]] = []
        hang = threading.Event()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OneSite)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", OneSite
    OneSite.hang.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_over_http(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    seen = ask(None, via="url", url=f"{url}/health?deep=1", headers={"Authorization": SECRET})
    assert (seen.status, seen.status_code, seen.error) == ("healthy", 200, "")
    assert 0 < seen.response_time < 5
    assert handler.seen[0][:2] == ("GET", "/health?deep=1")
    assert handler.seen[0][2]["Authorization"] == SECRET


@pytest.mark.parametrize(("body", "sent", "kind"), [
    ({"a": 1}, '{"a": 1}', "application/json"), ("plain text", "plain text", None), (None, "", None),
])  # fmt: skip
def test_what_is_sent(site: tuple[str, type[Site]], body: Any, sent: str, kind: str | None) -> None:
    url, handler = site
    assert ask(None, via="url", url=url, method="POST", body=body).status == "healthy"
    method, _path, headers, text = handler.seen[0]
    assert (method, text, headers.get("Content-Type")) == ("POST", sent, kind)


def test_only_the_head_is_asked_for(site: tuple[str, type[Site]]) -> None:
    seen = ask(None, via="url", url=site[0], method="HEAD", expect=["headers.\"x-version\" == context.version"])
    assert seen.status == "healthy"


def test_a_redirect_is_an_answer_and_is_not_followed(site: tuple[str, type[Site]]) -> None:
    url, handler = site
    seen = ask(None, via="url", url=f"{url}/moved", expect=[])
    assert (seen.status, seen.error) == ("unhealthy", "status 302")
    assert ask(None, via="url", url=f"{url}/moved", status=[302], expect=[]).status == "healthy"
    assert len(handler.seen) == 2


def test_a_slow_answer_is_none(site: tuple[str, type[Site]]) -> None:
    seen = ask(None, via="url", url=f"{site[0]}/slow", timeout=0.2)
    assert (seen.status, seen.error) == ("error", "no answer within 0.2 s")
    assert seen.response_time < 3


@pytest.mark.parametrize(("url", "says"), [
    ("http://127.0.0.1:1/?key=" + SECRET, "connection refused"),
    ("http://nowhere.invalid/?key=" + SECRET, "its name cannot be resolved"),
    ("nonsense://shop/?key=" + SECRET, "the request cannot be made (InvalidSchema)"),
])  # fmt: skip
def test_why_there_is_no_answer_without_telling_a_secret(url: str, says: str) -> None:
    seen = ask(None, via="url", url=url, headers={"Authorization": SECRET})
    assert (seen.status, seen.error) == ("error", says)
    assert SECRET not in repr(seen)


def test_a_header_that_cannot_be_sent_is_not_told() -> None:
    seen = ask(None, via="url", url="http://127.0.0.1:1/", headers={"Authorization": f"{SECRET}\n"})
    assert seen.status == "error" and SECRET not in repr(seen)


# Pods


def pod(name: str, image: str = "registry.test/shop:1.4.0", **more: Any) -> dict[str, Any]:
    status = {
        "phase": "Running", "startTime": "2026-01-02T03:00:00Z",
        "containerStatuses": [{
            "name": "app", "ready": True, "restartCount": 0, "imageID": "registry.test/shop@sha256:abc",
            **more.pop("container", {}),
        }],
    } | more.pop("status", {})  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "shop"}, **more},
        "spec": {"containers": [{"name": "app", "image": image}]}, "status": status,
    }  # fmt: skip


SINCE = datetime.datetime(2026, 1, 2, 3, 5, tzinfo=datetime.UTC)


def problems_of(kube: FakeKube, wanted: str = "", since: datetime.datetime | None = None) -> list[tuple[str, str]]:
    return [(one.check, one.text) for one in pods_healthy(kube, "app=shop", wanted, since)]


def test_all_pods_are_well(kube: FakeKube) -> None:
    kube.add(pod("a"), pod("b"))
    assert problems_of(kube, "1.4.0") == []


def test_no_pod_at_all_is_a_problem(kube: FakeKube) -> None:
    assert problems_of(kube) == [("pods", "no pod matches app=shop in shop")]
    kube.add(pod("a", deletionTimestamp="2026-01-02T03:04:05Z"))
    assert problems_of(kube) == [("pods", "no pod matches app=shop in shop")]


def test_pods_that_are_not_well_are_named(kube: FakeKube) -> None:
    kube.add(pod("a", container={"ready": False}), pod("b", status={"phase": "Pending", "containerStatuses": []}))
    assert problems_of(kube) == [
        ("pods", "pod a is Running, 0 of 1 containers ready"), ("pods", "pod b is Pending, 0 of 1 containers ready"),
    ]  # fmt: skip


@pytest.mark.parametrize(("image", "wanted", "runs"), [
    ("registry.test/shop:1.4.0", "1.4.0", True), ("registry.test/shop:1.4.0", "1.4", False),
    ("registry.test/shop:1.4.0", "shop:1.4.0", True), ("registry.test/shop:1.4.0", "p:1.4.0", False),
    ("registry.test/shop:1.4.0", "registry.test/shop:1.4.0", True),
    ("registry.test/shop:1.4.0", "other/shop:1.4.0", False),
    ("registry.test:5000/shop", "5000", False), ("registry.test:5000/shop:2", "2", True),
    ("registry.test/shop:1.4.0@sha256:abc", "1.4.0", True), ("registry.test/shop:1.4.0", "sha256:abc", True),
    ("registry.test/shop:1.4.0", "registry.test/shop@sha256:abc", True),
    ("registry.test/shop:1.4.0", "sha256:abd", False),
])  # fmt: skip
def test_which_image_runs(kube: FakeKube, image: str, wanted: str, runs: bool) -> None:
    kube.add(pod("a", image))
    assert problems_of(kube, wanted) == ([] if runs else [("image", f"pod a does not run {wanted}, but {image}")])


@pytest.mark.parametrize(("container", "since", "counts"), [
    ({"restartCount": 2}, None, True),
    ({"restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-02T03:04:59Z"}}}, SINCE, False),
    ({"restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-02T03:05:01Z"}}}, SINCE, True),
    ({"restartCount": 2}, SINCE, False), ({"restartCount": 0}, SINCE, False),
])  # fmt: skip
def test_restarts_count_from_the_beginning_of_the_release(
    kube: FakeKube, container: dict[str, Any], since: datetime.datetime | None, counts: bool
) -> None:
    kube.add(pod("a", container=container))
    said = [("restarts", "container app of pod a has restarted (restarts in all: 2)")]
    assert problems_of(kube, since=since) == (said if counts else [])


def test_pods_that_were_evicted_before_do_not_count(kube: FakeKube) -> None:
    kube.add(pod("a"), pod("evicted", status={"phase": "Failed", "containerStatuses": []}))
    assert problems_of(kube, since=SINCE) == []
    assert [check for check, _text in problems_of(kube)] == ["pods"]


# Logs


def logs_of(kube: FakeKube, patterns: list[str], ignore: list[str] | None = None) -> list[str]:
    return [one.text for one in scan_logs(kube, "app=shop", 50, patterns, ignore or [])]


def test_lines_that_match_are_counted_and_the_last_is_told(kube: FakeKube) -> None:
    kube.add(pod("a"), pod("b"))
    kube.log("a", "ERROR one\nfine\nERROR two\nERROR of no matter\n")
    kube.log("b", "fine\n")
    assert logs_of(kube, ["ERROR", "FATAL"], ["no matter"]) == ["2 of the last 4 lines of app match: ERROR two"]
    assert kube.calls[-1] == ("logs", ("b", "app"))


def test_a_secret_in_a_line_is_not_told(kube: FakeKube) -> None:
    kube.add(pod("a"))
    kube.log("a", f"ERROR login failed: password={SECRET}\n")
    found = logs_of(kube, ["ERROR"])
    assert len(found) == 1 and SECRET not in found[0]


def test_pods_that_end_meanwhile_are_left_out(kube: FakeKube) -> None:
    kube.add(pod("a"), pod("b", deletionTimestamp="2026-01-02T03:04:05Z"))
    kube.fail_next("logs", NotFound("no such pod"))
    assert logs_of(kube, ["ERROR"]) == []


def test_a_log_that_cannot_be_read_is_a_problem(kube: FakeKube) -> None:
    kube.add(pod("a"))
    kube.fail_next("logs", RunbookError("container app is waiting to start"))
    assert logs_of(kube, ["ERROR"]) == ["the log cannot be read: container app is waiting to start"]


@pytest.mark.parametrize("error", [Unreachable("no answer"), Denied("pods/log is forbidden")])
def test_an_outage_and_missing_rights_pass_through(kube: FakeKube, error: RunbookError) -> None:
    kube.add(pod("a"))
    kube.fail_next("logs", error)
    with pytest.raises(type(error)):
        logs_of(kube, ["ERROR"])


@pytest.mark.parametrize(("patterns", "ignore"), [(["("], []), (["a"], ["["])])
def test_what_is_no_regular_expression(kube: FakeKube, patterns: list[str], ignore: list[str]) -> None:
    with pytest.raises(Refused, match="is not a regular expression"):
        logs_of(kube, patterns, ignore)
