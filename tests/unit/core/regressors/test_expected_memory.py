"""The forecast of memory agrees with peaks that bench/outgrow.py measured."""

import pytest

from core.catalogue import regressor
from core.manifests import Column
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import expected_bytes, rows_within

MIB = 1 << 20


def _columns(numbers: int, levels: tuple[int, ...] = ()) -> list[Column]:
    """Return the columns of a shape of the benchmark, with its target."""
    kinds = [Column(name=f"kind_{i}", type="category", missing=0, distinct=count) for i, count in enumerate(levels)]
    return [*kinds, *(Column(name=f"measure_{i}", type="number", missing=0) for i in range(numbers + 1))]


NUMBERS, WIDE, CATEGORIES = _columns(40), _columns(120), _columns(4, (3, 8, 20, 60, 150, 400))


@pytest.mark.parametrize(
    ("columns", "model_type", "rows", "peak"),
    [
        (NUMBERS, "ridge", 300_000, 1157),
        (NUMBERS, "lightgbm", 300_000, 1228),
        (NUMBERS, "decision_tree", 300_000, 1175),
        (NUMBERS, "ridge", 900_000, 2577),
        (WIDE, "ridge", 200_000, 1977),
        (WIDE, "decision_tree", 200_000, 1960),
        (CATEGORIES, "ridge", 300_000, 786),
        (CATEGORIES, "lightgbm", 300_000, 522),
        (CATEGORIES, "decision_tree", 300_000, 747),
    ],
)
def test_a_forecast_is_within_a_tenth_of_the_measured_peak(
    columns: list[Column], model_type: str, rows: int, peak: int
) -> None:
    assert peak * MIB / expected_bytes([Candidate(regressor(model_type))], rows, columns) == pytest.approx(1, abs=0.1)


def test_as_many_rows_as_have_room_take_that_much_memory() -> None:
    candidates = [Candidate(regressor("ridge")), Candidate(regressor("lightgbm"))]
    for kept in (False, True):
        memory = expected_bytes(candidates, 500_000, NUMBERS, kept=kept)
        assert rows_within(candidates, memory, NUMBERS, kept=kept) == pytest.approx(500_000, abs=1)
