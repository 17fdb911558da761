"""The fault proxy does what a plan says, over real sockets."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.faults import (
    Fault,
    access_denied,
    hang_after,
    hang_before,
    hang_in_body,
    internal_error,
    late,
    refuse_deletes,
    reset_after,
    reset_before,
    reset_in_body,
    slow_down,
    truncate,
)
from tests.support.waiting import wait_for

BODY = b"the bytes of an object"
DELETE_TWO = b"<Delete><Object><Key>w/a&amp;b</Key></Object><Object><Key>w/c</Key></Object></Delete>"


class Upstream:
    """A store that takes everything and remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str, bytes]] = []

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.reached.append((method, target, body))
        return 200, {"Content-Length": str(len(BODY))}, BODY


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[FaultProxy]:
    with fault_proxy(upstream.answer) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy.url, timeout=300) as client:
        yield client


def test_without_a_plan_everything_passes(client: httpx.Client, upstream: Upstream) -> None:
    assert client.get("/bucket/w/key").content == BODY
    assert client.put("/bucket/w/key", content=b"new").status_code == 200
    assert int(client.head("/bucket/w/key").headers["content-length"]) == len(BODY)
    assert [reached[0] for reached in upstream.reached] == ["GET", "PUT", "HEAD"]
    assert upstream.reached[1][2] == b"new"


@pytest.mark.parametrize(
    ("fault", "reaches", "error"),
    [
        (reset_before, False, httpx.ReadError),
        (reset_after, True, httpx.ReadError),
        (reset_in_body, True, httpx.ReadError),
        (truncate, True, httpx.RemoteProtocolError),
    ],
)
def test_a_cut_connection(
    client: httpx.Client, proxy: FaultProxy, upstream: Upstream, fault: Fault, reaches: bool, error: type[Exception]
) -> None:
    rule = proxy.plan(fault, method="PUT", key="^w/")
    with pytest.raises(error):
        client.put("/bucket/w/key", content=b"new")
    assert bool(upstream.reached) is reaches
    assert rule.met == 1
    assert client.put("/bucket/w/key", content=b"again").status_code == 200


@pytest.mark.parametrize(("fault", "reaches"), [(hang_before, 0), (hang_after, 1), (hang_in_body, 1)])
def test_silence_until_it_is_released(
    client: httpx.Client, proxy: FaultProxy, upstream: Upstream, fault: Fault, reaches: int
) -> None:
    proxy.plan(fault)
    with pytest.raises(httpx.ReadTimeout):
        client.get("/bucket/w/key", timeout=0.2)
    # The client may have given up before its request came through.
    wait_for(lambda: len(upstream.reached), lambda count: count == reaches)
    proxy.clear()
    assert client.get("/bucket/w/key").content == BODY


def test_what_is_late_arrives(client: httpx.Client, proxy: FaultProxy) -> None:
    rule = proxy.plan(late(0.01))
    assert client.get("/bucket/w/key").content == BODY
    assert rule.began.is_set()


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(internal_error, 500, "InternalError"), (slow_down, 503, "SlowDown"), (access_denied, 403, "AccessDenied")],
)
def test_an_error_of_the_store(
    client: httpx.Client, proxy: FaultProxy, upstream: Upstream, fault: Fault, status: int, code: str
) -> None:
    proxy.plan(fault, times=None)
    answer = client.get("/bucket/w/key")
    assert (answer.status_code, code in answer.text) == (status, True)
    assert client.head("/bucket/w/key").status_code == status
    assert not upstream.reached


def test_a_refused_delete_names_every_key(client: httpx.Client, proxy: FaultProxy, upstream: Upstream) -> None:
    proxy.plan(refuse_deletes, method="POST", key="^w/c$")
    answer = client.post("/bucket?delete", content=DELETE_TWO)
    assert (answer.status_code, answer.text.count("<Error>")) == (200, 2)
    assert "<Key>w/a&amp;b</Key>" in answer.text
    assert not upstream.reached
    assert proxy.requests[0].keys == ("w/a&b", "w/c")


def test_a_fault_meets_the_requests_of_its_rule_alone(client: httpx.Client, proxy: FaultProxy) -> None:
    proxy.plan(slow_down, method="GET", key="b$", nth=2, times=2)
    asked = [client.get(f"/bucket/{key}").status_code for key in ("a", "b", "a", "b", "b", "b")]
    assert asked == [200, 200, 200, 503, 503, 200]
    assert client.get("/bucket?list-type=2&prefix=b").status_code == 200
    assert str(proxy.requests[-1]) == "GET b"
    assert client.put("/bucket/b", content=b"").status_code == 200
    assert [request.is_write for request in proxy.requests[-2:]] == [False, True]
