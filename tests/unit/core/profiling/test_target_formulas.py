"""Columns that give the target away together are found, and no others."""

import json
from typing import Any

import numpy as np
import pytest

from core.profiling.target_formulas import formula_leaks
from core.types import Json

RNG = np.random.default_rng(8)
ROWS = 500
COUNT = RNG.integers(1, 40, ROWS).astype(np.float64)
MEAN = np.round(RNG.gamma(3, 20, ROWS), 2)
A, B, C, D = (np.round(RNG.gamma(2, 30 * (k + 1), ROWS), 2) for k in range(4))
NOISE = {f"noise {k}": RNG.normal(size=ROWS) for k in range(6)}


def leaks(target: Any, **columns: Any) -> list[Json]:
    every = {**columns, **NOISE}
    return formula_leaks("y", np.asarray(target, np.float64), every.__getitem__, list(every))


def left_out(found: list[Json]) -> list[str]:
    """The columns that the suggestion of the only finding leaves out."""
    (entry,) = found
    assert (entry["kind"], entry["severity"]) == ("leakage", "warning")
    names: list[str] = json.loads(entry["suggestion"].partition("process with ")[2])["leave_out"]
    assert entry["column"] == names[0]
    return names


def test_a_total_beside_a_count_gives_the_mean_away() -> None:
    found = leaks(MEAN, people=COUNT, revenue=np.round(MEAN * COUNT, 2))
    assert left_out(found) == ["revenue"]
    assert "'y' is 'revenue' / 'people' in 100% of the rows" in found[0]["finding"]


@pytest.mark.parametrize(
    ("target", "formula"),
    [
        (A + B, "'a' + 'b'"),
        (A - B, "'a' - 'b'"),
        (B - A, "'b' - 'a'"),
        (np.round(A * B, 1), "'a' × 'b'"),
        ((A + B) / 2, "0.5 × ('a' + 'b')"),
        (np.round(100 * A / B, 3), "100 × ('a' / 'b')"),
        (np.round(A / B - 1, 4), "'a' / 'b' - 1"),
        (np.round(100 * (B / A - 1), 2), "100 × ('b' / 'a' - 1)"),
        (np.round(100 * A / (A + B), 2), "100 × ('a' / ('a' + 'b'))"),
    ],
)
def test_a_formula_of_two_columns_is_written_out(target: Any, formula: str) -> None:
    found = leaks(target, a=A, b=B, c=C)
    assert len(found) == 1
    assert f"'y' is {formula} in" in found[0]["finding"]


def test_a_sum_of_several_columns_is_found() -> None:
    found = leaks(A + B + C - D, a=A, b=B, c=C, d=D)
    assert left_out(found) == ["a", "b", "c", "d"]
    assert "'a' + 'b' + 'c' - 'd'" in found[0]["finding"]


def test_a_product_of_several_columns_is_found_with_its_exponents() -> None:
    found = leaks(703 * A * B / C**2, a=A + 1, b=B + 1, c=C + 1)
    assert found == []
    a, b, c = A + 1, B + 1, C + 1
    found = leaks(703 * a * b / c**2, a=a, b=b, c=c)
    assert left_out(found) == ["a", "b"]
    assert "703 × ('a' × 'b' × 'c'^-2)" in found[0]["finding"]


def test_a_few_odd_rows_and_gaps_hide_no_formula() -> None:
    gaps = np.where(np.arange(ROWS) % 9 == 0, np.nan, A)
    for target, columns in ((A + B, {"a": gaps, "b": B}), (A + B + C, {"a": gaps, "b": B, "c": C})):
        target[::50] = 7.0
        assert left_out(leaks(target, **columns)) == list(columns)


@pytest.mark.parametrize(
    ("target", "columns", "formula"),
    [
        (np.round(1.2 * A * B, 2), {"a": A, "b": B}, "1.2 × ('a' × 'b')"),
        (np.round(COUNT * A, 2), {"price": A, "count": np.where(COUNT > 9, COUNT, 0)}, None),
        (np.round((COUNT - 1) * A, 2), {"price": A, "count": COUNT - 1}, "'price' × 'count'"),
        (np.round((COUNT - 1) * A * B, 2), {"a": A, "b": B, "n": COUNT - 1}, "'a' × 'b' × 'n'"),
        (np.round(A / (1 + B / 100) ** 2, 2), {"mass": A, "height": 1 + B / 100}, "'mass' × 'height'^-2"),
        (A + B + 10, {"a": A, "b": B}, "'a' + 'b' + 10"),
        (A + B - C - 2.5, {"a": A, "b": B, "c": C}, "'a' + 'b' - 'c' - 2.5"),
        (3 * A * B * C, {"a": A, "b": B, "factor": C}, "3 × ('a' × 'b' × 'factor')"),
    ],
)
def test_constants_zeros_and_powers_hide_no_formula(target: Any, columns: dict[str, Any], formula: str | None) -> None:
    found = leaks(target, **columns)
    assert [entry["finding"].partition("'y' is ")[2].partition(" in ")[0] for entry in found] == [formula] * bool(
        formula
    )


@pytest.mark.parametrize(
    ("unit", "target"), [("minutes", COUNT + 0.5), ("minutes", COUNT), ("days", COUNT), ("hours", np.floor(COUNT / 2))]
)
def test_the_time_between_two_dates_gives_a_duration_away(unit: str, target: Any) -> None:
    seconds = {"minutes": 60, "hours": 3600, "days": 86_400}[unit]
    start = 1.6e9 + RNG.integers(0, 10**7, ROWS)
    late = start + seconds * target + (RNG.integers(0, 3600, ROWS) if unit == "hours" else 0)
    dates = {"start": start, "end": late, "other": start + RNG.integers(0, 10**6, ROWS)}
    found = formula_leaks("y", target, {**NOISE, **dates}.__getitem__, list(NOISE), list(dates))
    assert left_out(found) == ["end"]
    assert f"'y' is 'end' - 'start' in {unit} in 100%" in found[0]["finding"]


def test_what_is_only_related_is_no_formula() -> None:
    noise = RNG.normal(size=ROWS)
    assert leaks(A + B + 5 * noise, a=A, b=B) == []
    assert leaks(3 * A + 2 * B, a=A, b=B) == []
    assert leaks(A, a=np.ones(ROWS), b=B) == []
    assert leaks(np.full(ROWS, 3.0), a=A, b=3 - A) == []


def test_few_rows_say_nothing() -> None:
    some = slice(0, 40)
    columns = {"a": A[some], "b": B[some]}
    assert formula_leaks("y", (A + B)[some], columns.__getitem__, list(columns)) == []
