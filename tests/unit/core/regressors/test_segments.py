"""The error by segment finds where a model errs more."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.manifests import Column
from core.regressors.segments import FEWEST_ROWS, error_segments
from core.types import Json

ROWS = 400
ACTUAL = np.arange(ROWS, dtype=np.float64)


def split_of(types: dict[str, str], **columns: Any) -> Any:
    """What `error_segments` reads of a split."""

    class Holdout:
        test_y = ACTUAL
        test_x = pd.DataFrame(columns)

    Holdout.columns = [Column(name=name, type=types[name], missing=0) for name in columns]  # type: ignore[attr-defined]
    return Holdout


def by_feature(found: list[Json]) -> dict[str | None, list[Json]]:
    return {entry["feature"]: entry["segments"] for entry in found}


def test_the_level_on_which_a_model_errs_is_seen() -> None:
    colour = np.array(["red", "blue"], dtype=object)[np.arange(ROWS) % 2]
    colour[:40] = np.nan
    predicted = ACTUAL - np.where(colour == "red", 10.0, 1.0)
    found = by_feature(error_segments(split_of({"colour": "category"}, colour=colour), predicted))
    errors = {segment.get("value", segment["kind"]): segment for segment in found["colour"]}
    assert errors["red"] == {"kind": "level", "value": "red", "rows": 180, "mae": 10.0, "mean_error": 10.0}
    assert errors["blue"]["mae"] == 1
    assert errors["missing"]["rows"] == 40
    assert None in found


def test_ranges_have_about_equally_many_rows_and_hold_every_one() -> None:
    numbers = np.linspace(0, 1, ROWS)
    predicted = ACTUAL + np.where(numbers > 0.75, 8.0, -1.0)
    found = by_feature(error_segments(split_of({"x": "number"}, x=numbers), predicted))
    assert [segment["rows"] for segment in found["x"]] == pytest.approx([100] * 4, abs=1)
    assert sum(segment["rows"] for segment in found["x"]) == ROWS
    assert found["x"][-1]["mean_error"] < -7


def test_dates_are_written_as_dates_and_booleans_as_words() -> None:
    days = 86_400.0 * (18_000 + np.arange(ROWS))
    flags = (np.arange(ROWS) % 2).astype(np.float64)
    predicted = ACTUAL + flags * 3 + np.linspace(0, 5, ROWS)
    found = by_feature(error_segments(split_of({"day": "date", "flag": "boolean"}, day=days, flag=flags), predicted))
    assert found["day"][0]["low"] == "2019-04-14"
    assert [segment["value"] for segment in found["flag"]] == ["false", "true"]


def test_what_is_constant_or_rare_makes_no_segment() -> None:
    kinds = np.array(["a"] * (ROWS - FEWEST_ROWS + 1) + ["b"] * (FEWEST_ROWS - 1), dtype=object)
    found = by_feature(
        error_segments(split_of({"one": "number", "kind": "category"}, one=np.ones(ROWS), kind=kinds), ACTUAL + 1.0)
    )
    assert "one" not in found
    assert "kind" not in found


def test_only_the_columns_that_differ_most_are_kept() -> None:
    columns = {f"c{k}": np.roll(np.linspace(0, 1, ROWS), 20 * k) for k in range(20)}
    predicted = ACTUAL + np.linspace(0, 9, ROWS)
    found = error_segments(split_of(dict.fromkeys(columns, "number"), **columns), predicted)
    assert len(found) == 9
    assert found[0]["feature"] is None
    assert found[1]["feature"] == "c0"
