"""Zeros, limits, extremes and tails of a number column are found, and ordinary values are not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.findings import column_findings, kinds_of

RNG = np.random.default_rng(4)


def test_zeros_far_from_everything_else_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(50, 5, 1000).round(1)
    values[[3, 700]] = 0
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["severity"], entry["rows"]) == ("zeros", "warning", [5, 702])


@pytest.mark.parametrize(
    "values",
    [
        RNG.poisson(4, 2000),
        RNG.uniform(0, 1, 2000).round(2),
        np.where(RNG.random(2000) < 0.4, 0.0, RNG.normal(50, 5, 2000)),  # too many to be gaps
        np.where(RNG.random(2000) < 0.01, 0.0, RNG.normal(0, 5, 2000)),
        np.where(RNG.random(2000) < 0.03, 0, 1),
    ],
)
def test_ordinary_zeros_are_left_alone(tmp_path: Path, values: Any) -> None:
    assert "zeros" not in kinds_of(column_findings(tmp_path, values))


def test_a_limit_that_cuts_values_off_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = np.minimum(rng.normal(0, 1, 1000), 1.5)
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["count"]) == ("capped", np.count_nonzero(values == 1.5))
    assert "1.5" in entry["finding"]


@pytest.mark.parametrize("sign", [1, -1])
def test_values_far_from_all_others_are_found(tmp_path: Path, sign: int) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, 3000)
    values[[40, 50]] = 60 * sign, 70 * sign
    (entry,) = column_findings(tmp_path, values)
    assert (entry["kind"], entry["count"], entry["rows"]) == ("extremes", 2, [42, 52])
    assert f"{70 * sign}" in entry["finding"]


def test_a_long_tail_is_found_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    (entry,) = column_findings(tmp_path, rng.gamma(0.2, size=5000))
    assert entry["kind"] == "skew"
    (entry,) = column_findings(tmp_path, -rng.gamma(0.2, size=5000))
    assert "small values" in entry["finding"]


def test_heavy_tails_are_found_as_outliers(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    (entry,) = column_findings(tmp_path, rng.laplace(size=5000))
    assert entry["kind"] == "outliers"
    assert 250 < entry["count"] < 500


@pytest.mark.parametrize("values", [RNG.normal(size=5000), RNG.uniform(size=5000), RNG.integers(0, 100, 5000)])
def test_ordinary_columns_have_no_findings(tmp_path: Path, values: Any) -> None:
    assert column_findings(tmp_path, values) == []


@pytest.mark.parametrize("values", [[1.7e308, -1.7e308] * 50, [5e-324, 0.0] * 50, [1e15 + i / 8 for i in range(100)]])
def test_hostile_numbers_have_no_findings(tmp_path: Path, values: list[float]) -> None:
    assert column_findings(tmp_path, values) == []
