"""What is said of an address that a server takes."""

import pytest

from infra.local.serving import exposure


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.9"])
def test_this_machine_alone_needs_no_warning(host: str) -> None:
    assert exposure(host, 8000) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3"])
def test_an_address_that_others_reach_is_warned_of(host: str) -> None:
    warning = exposure(host, 8000)
    assert warning is not None
    assert "nobody is authenticated" in warning
