"""Each workspace has a webhook of its own, and that of a tenant reaches nothing inside of the network."""

import json
import socket
from typing import Any

import pytest

from core.services.series import notify as notifying
from core.services.series import webhooks
from core.services.series.webhooks import PrivateAddressError, is_public, post, targets_of
from core.settings import settings
from core.storage.container import container
from core.types import Json

DECISION: Json = {"series": "tide", "job_id": "k123", "state": "accepted"}
PRIVATE = (
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "ff02::1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::", "2001:db8::1", "2001:0:7f00:1::"),
)
# What an address of this machine may be written as.
SPELLINGS = (
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that are connected to. No connection is made."""
    found: list[str] = []

    def connect(address: tuple[str, int], *_: Any) -> socket.socket:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return found


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let the names of the internet have these addresses, another list at each question."""
    left = list(answers)

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_this_machine_is_connected_to(host: str, connections: list[str]) -> None:
    with pytest.raises(OSError):
        post(f"https://{host}/hook", {}, b"{}", 1)
    assert connections == []


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"]])
def test_a_name_of_a_private_address_is_refused(
    addresses: list[str], connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, addresses)
    with pytest.raises(PrivateAddressError):
        post("https://evil.example/hook", {}, b"{}", 1)
    assert connections == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(ConnectionRefusedError):
        post("https://evil.example/hook", {}, b"{}", 1)
    assert connections == ["93.184.216.34"]


def target(workspace: str, **fields: str) -> None:
    container().objects.put(f"access/webhooks/{workspace}.json", json.dumps(fields).encode())


@pytest.mark.usefixtures("bucket")
def test_the_webhook_of_the_settings_is_not_that_of_a_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_WEBHOOK_URL", "http://127.0.0.1:1/hook")
    settings.cache_clear()
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(notifying, "_post", lambda url, message, _: sent.append((url, message["workspace"])))
    monkeypatch.setattr(notifying, "_post_outside", lambda url, message, _: sent.append((url, message["workspace"])))
    target("first", url="https://first.example/hook")
    for workspace in ("default", "first", "second"):
        notifying.notify(container().workspace(workspace), DECISION)
    assert sent == [("http://127.0.0.1:1/hook", "default"), ("https://first.example/hook", "first")]
    assert notifying.secret_of("first") != notifying.secret_of("second") != notifying.secret_of("default")


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("url", ["http://first.example/", "file:///etc/passwd", "gopher://x", "HTTPS:/x", ""])
def test_a_tenants_webhook_is_https(url: str, caplog: pytest.LogCaptureFixture) -> None:
    target("first", url=url)
    with pytest.raises(ValueError, match="https"):
        targets_of(container().objects, "first")
    notifying.notify(container().workspace("first"), DECISION)
    assert "was not sent" in caplog.text


@pytest.mark.usefixtures("bucket")
def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []

    def answer(url: str, *_: Any) -> int:
        asked.append(url)
        return 302

    monkeypatch.setattr(notifying, "post", answer)
    target("first", url="https://first.example/hook")
    notifying.notify(container().workspace("first"), DECISION)
    assert asked == ["https://first.example/hook"]
    assert "was not sent to the webhook" in caplog.text
    assert webhooks.FOLDER == "access/webhooks/"
