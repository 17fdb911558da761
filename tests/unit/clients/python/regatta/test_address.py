"""Where the service is and what goes with every request."""

import pytest

from regatta.address import Address


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REGATTA_URL", "REGATTA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_without_anything_it_is_the_stack_of_this_machine() -> None:
    address = Address.of(None, None, None)
    assert (address.shown, address.is_loopback, dict(address.headers)) == ("http://127.0.0.1:8000", True, {})


def test_the_environment_names_service_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_URL", "https://api.example/prod/")
    monkeypatch.setenv("REGATTA_API_KEY", "from the environment")
    address = Address.of(None, None, None)
    assert (address.shown, address.headers["X-Api-Key"]) == ("https://api.example/prod", "from the environment")


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_URL", "https://one.example")
    monkeypatch.setenv("REGATTA_API_KEY", "one")
    address = Address.of("https://two.example", "two", {"X-Team": "blue"})
    assert (address.shown, dict(address.headers)) == ("https://two.example", {"X-Api-Key": "two", "X-Team": "blue"})


@pytest.mark.parametrize(
    "url", ["https://host/prod", "https://host/prod/", " https://host/prod// ", "https://host/prod?a=1"]
)
def test_a_path_stays_and_a_slash_at_its_end_makes_no_difference(url: str) -> None:
    assert str(Address.of(url, None, None).url) == "https://host/prod/"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "//host", "http://", "http://[::1", "nonsense"])
def test_a_url_that_cannot_be_one_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1:8000"):
        Address.of(url, None, None)


@pytest.mark.parametrize("key", ["sécret", "sec\nret", "sec\x00ret"])
def test_a_key_that_no_header_may_have_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="X-Api-Key") as raised:
        Address.of(None, key, None)
    assert key not in str(raised.value)


def test_neither_key_nor_password_is_shown() -> None:
    # pragma: allowlist nextline secret
    address = Address.of("https://user:password@host/prod", "my key", {"Authorization": "Bearer token"})
    assert address.shown == "https://host/prod"
    assert not [secret for secret in ("my key", "password", "token") if secret in repr(address)]


def test_another_port_is_another_host() -> None:
    address = Address.of("http://127.0.0.1:8000", None, None)
    url = address.url
    assert address.owns(url.join("/files/1"))
    assert not address.owns(url.copy_with(port=9000))
    assert Address.of("https://host", None, None).owns(url.copy_with(scheme="https", host="host", port=443))
