"""A lease ends by itself, also where the clock was set meanwhile."""

import time

import pytest

from core.errors import ConflictError
from core.storage import leases
from core.storage.leases import Leased

HOUR = 3600.0


class LeasedDocument(Leased):
    """A document that has nothing but its lease."""


@pytest.mark.parametrize(
    ("jump", "is_leased"), [(0.0, True), (59.0, True), (61.0, False), (HOUR, False), (-HOUR, False), (-60.0, True)]
)
def test_a_lease_of_a_minute_after_the_clock_was_set(
    monkeypatch: pytest.MonkeyPatch, jump: float, is_leased: bool
) -> None:
    given = LeasedDocument().model_copy(update=LeasedDocument().lease("It", "me", 60))
    now = time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now + jump)
    assert given.is_leased is is_leased


def test_what_is_leased_is_refused_to_others() -> None:
    given = LeasedDocument().model_copy(update=LeasedDocument().lease("The job", "me", 60))
    with pytest.raises(ConflictError, match="The job"):
        given.lease("The job", "another", 60)
