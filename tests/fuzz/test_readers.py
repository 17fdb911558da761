"""Readers refuse what they cannot read with an error of ours. `make fuzz` searches longer, and guided by coverage."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS
from tests.support.process_state import forget_singletons

FINDS = Path(__file__).parent / "finds"
# The same inputs each time, so that a run depends on no other one.
FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PIECES = [
    b",",
    b";",
    b"\t",
    b'"',
    b"'",
    b"\n",
    b"\r",
    b"\\",
    b"\x00",
    b"\xff\xfe",
    b"{",
    b"[",
    b"]",
    b":",
    b"1e999",
    b"NaN",
]


def changed(name: str) -> st.SearchStrategy[bytes]:
    """Return inputs near the seeds of a target: cut, repeated, and with other bytes in between."""
    part = st.one_of(st.sampled_from([*SEEDS[name], *PIECES]), st.binary(max_size=8))
    cut = st.builds(lambda body, at: body[:at], part, st.integers(0, 60))
    return st.lists(st.one_of(part, cut), max_size=6).map(b"".join)


@pytest.fixture(autouse=True)
def settled_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signing key, against which the envelopes are checked."""
    monkeypatch.setenv("REGATTA_SIGNING_KEY", "a key for the tests, long enough")
    forget_singletons()


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_answers_or_refuses(name: str) -> None:
    @FEW
    @given(changed(name))
    def read(data: bytes) -> None:
        TARGETS[name](data)

    read()


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_search_found_is_read_or_refused(name: str) -> None:
    for path in sorted((FINDS / name).glob("*")):
        TARGETS[name](path.read_bytes())
