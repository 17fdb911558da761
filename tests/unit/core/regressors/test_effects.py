"""Effects of columns: what their charts show, and what a short time leaves out."""

import numpy as np

from core.array_types import Floats, RawColumns
from core.manifests import Feature
from core.regressors.effects import CURVES, effects

FEATURES = [
    Feature(name="size", type="number", fill=1.0),
    Feature(name="colour", type="category", fill="", levels=["blue", "red"]),
    Feature(name="sold", type="date", fill=0.0, format="%Y-%m-%d"),
    Feature(name="new", type="boolean", fill=0.0),
    Feature(name="empty", type="number", fill=0.0),
]


def columns(rows: int) -> RawColumns:
    numbers = np.arange(rows, dtype=float)
    return {
        "size": numbers,
        "colour": np.array(["red", "red", "blue", ""] * rows, object)[:rows],
        "sold": numbers * 86_400,
        "new": numbers % 2,
        "empty": np.full(rows, np.nan),
    }


def predict(rows: RawColumns) -> Floats:
    return np.asarray(3 * rows["size"] + 100.0 * (rows["colour"] == "red"), np.float64)


def test_a_column_alone_changes_and_the_mean_and_single_rows_are_shown() -> None:
    found = effects(predict, columns(64), columns(1000), FEATURES, seconds=60)
    size, colour, sold, new = found["effects"]
    assert size["values"][0] == 0 and size["values"][-1] == 999 and len(size["values"]) == 20
    assert np.allclose(np.diff(size["mean"]), 3 * np.diff(size["values"]), rtol=1e-4)
    assert len(size["curves"]) == CURVES and {len(curve) for curve in size["curves"]} == {20}
    assert colour["values"] == ["red", "blue"]
    assert colour["mean"][0] - colour["mean"][1] == 100
    assert sold["values"][0] == "1970-01-01" and len(set(sold["mean"])) == 1
    assert new["values"] == [False, True]
    assert found["left_out"] == ["empty"]
    assert found["rows"] == 64


def test_columns_that_the_time_does_not_allow_are_left_out() -> None:
    passed = 0.0

    def slow(rows: RawColumns) -> Floats:
        nonlocal passed
        passed += 0.01 * len(rows["size"]) / 64
        return predict(rows)

    found = effects(slow, columns(64), columns(1000), FEATURES, seconds=0.21, clock=lambda: passed)
    assert [effect["feature"] for effect in found["effects"]] == ["size"]
    assert found["left_out"] == ["colour", "sold", "new", "empty"]
    assert passed <= 0.22


def test_what_is_no_number_is_null() -> None:
    found = effects(lambda rows: np.full(len(rows["size"]), np.inf), columns(4), columns(4), FEATURES[:1], seconds=60)
    assert found["effects"][0]["mean"] == [None] * 4
