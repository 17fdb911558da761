"""How series stand: which wait for a person, and how old the oldest champion is."""

from datetime import UTC, datetime

import pytest

from core.services.series import freshness as standing
from core.services.series.freshness import Freshness, freshness
from core.storage.series_repository import Arrival, State
from tests.support.storage import home

NOW = datetime(2026, 5, 1, tzinfo=UTC).timestamp()


def add(name: str, *decisions: tuple[State, str, bool]) -> None:
    for place, (state, decided_at, promoted) in enumerate(decisions):
        arrival = Arrival(
            job_id=f"{name}{place}",
            file_id=f"{name}{place}",
            key=f"incoming/default/{name}/{place}.csv",
            etag=str(place),
            filename=f"{place}.csv",
            size_bytes=1,
            last_modified=decided_at,
            state=state,
            promoted=promoted,
            reason="",
            decided_at=decided_at,
        )
        home().series.change(name, lambda series, arrival=arrival: series.with_arrival(arrival))


@pytest.mark.parametrize("page", [1, 100])
def test_held_series_are_counted_and_the_oldest_champion_found(
    bucket: object, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(standing, "PAGE", page)
    assert freshness(home(), NOW) == Freshness(0, None)
    add("a", ("accepted", "2026-04-01T00:00:00+00:00", True), ("held", "2026-04-02T00:00:00+00:00", False))
    add("b", ("accepted", "2026-04-21T00:00:00+00:00", True), ("accepted", "2026-04-30T00:00:00+00:00", True))
    add("c", ("refused", "2026-04-29T00:00:00+00:00", False))
    assert freshness(home(), NOW) == Freshness(1, 30 * 86400)
