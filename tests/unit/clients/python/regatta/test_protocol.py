"""Which versions go together."""

import pytest

import regatta
from core import __version__
from regatta.protocol import release


def test_client_and_service_are_released_together() -> None:
    assert regatta.__version__ == __version__


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("1.2.3", "1.9.0", True),
        ("1.2.3", "2.0.0", False),
        ("0.2.0", "0.2.7", True),
        ("0.2.0", "0.3.0", False),
        ("0.2.0", "1.2.0", False),
        ("0.2.0", "0.2.1rc1", True),
        ("0.2.0", "nonsense", False),
    ],
)
def test_the_major_version_counts_and_before_one_the_minor_one(one: str, other: str, together: bool) -> None:
    assert (release(one) == release(other)) is together
