"""The forecast of memory agrees with peaks that bench/outgrow.py measured."""

import pytest

from core.catalogue import regressor
from core.manifests import Column
from core.regressors.candidates import Candidate
from core.regressors.expected_memory import (
    bytes_with_parts,
    expected_bytes,
    part_rows,
    rows_beside_parts,
    rows_within,
)

MIB = 1 << 20


def _columns(numbers: int, levels: tuple[int, ...] = (), dates: int = 0) -> list[Column]:
    """Return the columns of a shape of the benchmark, with its target."""
    times = [Column(name=f"date_{i}", type="date", missing=0) for i in range(dates)]
    kinds = [Column(name=f"kind_{i}", type="category", missing=0, distinct=count) for i, count in enumerate(levels)]
    return [*times, *kinds, *(Column(name=f"measure_{i}", type="number", missing=0) for i in range(numbers + 1))]


MIXED = _columns(10, (5, 30, 200, 4), dates=2)
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


@pytest.mark.parametrize(
    ("model_type", "in_memory", "rows", "peak"),
    [
        ("lightgbm", 20_000, 400_000, 480),
        ("ridge", 20_000, 400_000, 452),
        ("lightgbm", 219_620, 2_000_000, 786),
        ("ridge", 219_620, 2_000_000, 871),
        ("lightgbm", 986_651, 20_000_000, 2_626),
        ("ridge", 517_129, 20_000_000, 1_745),
    ],
)
def test_a_forecast_of_learning_in_parts_is_at_most_a_quarter_above_the_measured_peak(
    model_type: str, in_memory: int, rows: int, peak: int
) -> None:
    one = [Candidate(regressor(model_type))]
    assert 1 <= bytes_with_parts(one, one, in_memory, rows, MIXED) / (peak * MIB) <= 1.25


@pytest.mark.parametrize("kept", [False, True])
def test_as_many_rows_as_have_room_beside_a_pass_take_that_much_memory(kept: bool) -> None:
    candidates = [Candidate(regressor("ridge")), Candidate(regressor("lightgbm"))]
    for learn in candidates:
        memory = bytes_with_parts(candidates, [learn], 300_000, 5_000_000, MIXED, kept=kept)
        found = rows_beside_parts(candidates, [learn], 5_000_000, memory, MIXED, kept=kept)
        assert found == pytest.approx(300_000, abs=1)


def test_a_part_of_a_wide_matrix_has_few_rows_and_never_fewer_than_columns() -> None:
    assert [part_rows(width) for width in (0, 10, 100, 2_000)] == [65_536, 65_536, 10_485, 2_000]
