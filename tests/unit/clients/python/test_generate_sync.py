"""The sync half of the client is what `make client` writes."""

import sys
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[4] / "clients/python"


def test_the_sync_half_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CLIENT))
    from generate_sync import stale

    assert [str(path.relative_to(CLIENT)) for path in stale()] == [], "Run `make client`."
    del sys.modules["generate_sync"]


def test_every_sync_file_has_an_async_one() -> None:
    asynchronous, synchronous = ({path.name for path in (CLIENT / "regatta" / half).glob("*.py")} for half in HALVES)
    assert asynchronous == synchronous


HALVES = ("_async", "_sync")
