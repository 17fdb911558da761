"""Whose prefix is believed, and what becomes of a path."""

from contextlib import suppress
from typing import Any

import pytest

from core.settings import load
from infra.local.proxies import ProxyMiddleware


def seen(path: str, prefix: str | None, client: tuple[str, int] | None = ("10.0.0.7", 5), **settings: Any) -> list[str]:
    """The base path and the path that the app sees."""
    found: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.extend([scope["root_path"], scope["path"]])

    headers = [] if prefix is None else [(b"x-forwarded-prefix", prefix.encode())]
    scope = {"type": "http", "path": path, "root_path": "", "headers": headers, "client": client}
    with suppress(StopIteration):  # nothing is waited for, so no loop is needed
        ProxyMiddleware(app, load(**settings))(scope, None, None).send(None)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("trusted", ["10.0.0.7", "10.0.0.0/8, ::1", "*"])
def test_a_trusted_proxy_names_the_prefix(trusted: str) -> None:
    assert seen("/jobs", "/team", trusted_proxies=trusted) == ["/team", "/team/jobs"]
    # It was taken off, so the same name once more is the service's.
    assert seen("/jobs/a", "/jobs", trusted_proxies=trusted) == ["/jobs", "/jobs/jobs/a"]
    assert seen("/jobs", "/outer/, /inner", trusted_proxies=trusted) == ["/outer/inner", "/outer/inner/jobs"]
    assert seen("/jobs", "/", trusted_proxies=trusted) == ["", "/jobs"]
    assert seen("/jobs", "/a/../b", trusted_proxies=trusted) == ["", "/jobs"]
    assert seen("/jobs", "/a/.", trusted_proxies=trusted) == ["", "/jobs"]
    assert seen("/jobs", "/.a/b..", trusted_proxies=trusted) == ["/.a/b..", "/.a/b../jobs"]


@pytest.mark.parametrize("trusted", [None, "10.0.0.8", "192.168.0.0/16, ::1"])
def test_nobody_else_does(trusted: str | None) -> None:
    assert seen("/jobs", "/team", trusted_proxies=trusted) == ["", "/jobs"]


@pytest.mark.parametrize("client", [None, ("", 0), ("somebody", 0)])
def test_a_peer_without_an_address_is_trusted_only_as_anybody(client: tuple[str, int] | None) -> None:
    assert seen("/jobs", "/team", client, trusted_proxies="10.0.0.0/8") == ["", "/jobs"]
    assert seen("/jobs", "/team", client, trusted_proxies="*") == ["/team", "/team/jobs"]


@pytest.mark.parametrize("prefix", ["//evil.example.com", "team", "/a b", "https://evil.example.com", "/a?b", "/a,b"])
def test_what_is_no_path_is_no_prefix(prefix: str) -> None:
    assert seen("/jobs", prefix, trusted_proxies="*") == ["", "/jobs"]


@pytest.mark.parametrize("path", ["/jobs", "/team/jobs"])
def test_a_base_path_that_is_set_holds_whether_it_is_passed_on_or_not(path: str) -> None:
    assert seen(path, "/other", base_path="/team", trusted_proxies="*") == ["/team", "/team/jobs"]
    assert seen("/team", None, base_path="/team") == ["/team", "/team/"]
    assert seen("/teams", None, base_path="/team") == ["/team", "/team/teams"]
    assert seen("/jobs", "/other", base_path="/", trusted_proxies="*") == ["", "/jobs"]
