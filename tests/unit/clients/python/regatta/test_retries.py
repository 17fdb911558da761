"""How long the client waits before it sends a request again."""

import pytest

from regatta.retries import Retries

NOON = 1_767_268_800.0  # Thu, 01 Jan 2026 12:00:00 GMT
LUCKLESS = Retries(random=lambda: 1.0, now=lambda: NOON)


def test_pauses_double_up_to_a_bound_and_the_last_attempt_has_none() -> None:
    retries = Retries(attempts=8, first_pause=1, longest_pause=20, random=lambda: 1.0)
    assert [retries.pause(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 20, 20, None]


def test_jitter_is_full() -> None:
    assert Retries(random=lambda: 0.0).pause(3) == 0
    assert Retries(first_pause=1, random=lambda: 0.25).pause(2) == 0.5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("nan", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert LUCKLESS.seconds(header) == seconds


def test_retry_after_is_kept_to() -> None:
    assert Retries(random=lambda: 0.0).pause(1, "7") == 7
    pause = Retries(first_pause=1, random=lambda: 1.0).pause(1, "7")
    assert pause is not None
    assert 7 < pause < 8


def test_a_longer_wait_than_the_bound_is_no_retry() -> None:
    assert Retries(longest_wait=60).pause(1, "61") is None
