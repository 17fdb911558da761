"""Predictions are a sequence that the libraries of tables take, and show themselves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import polars as pl

from regatta import Prediction, Predictions


def predictions(**more: object) -> Predictions:
    fields = {"predictions": [1.5, 2.5], "model_name": "m", "version": 3, "warnings": ["w <b>"]}
    return Predictions.of({**fields, "count": 2}, **more)


def test_they_are_a_sequence_of_floats() -> None:
    found = predictions()
    assert isinstance(found, Sequence)
    assert (len(found), [*found], found[1], found[-1], found[:1], found["count"]) == (2, [1.5, 2.5], 2.5, 2.5, [1.5], 2)
    assert 2.5 in found


def test_the_libraries_take_them() -> None:
    assert np.asarray(predictions()).dtype == np.float64
    assert np.asarray(predictions(), dtype="float32").tolist() == [1.5, 2.5]
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 8])
    frame["predicted"] = predictions()
    assert frame["predicted"].tolist() == [1.5, 2.5]
    assert frame["predicted"].dtype == "float64"
    assert pl.Series("p", predictions()).to_list() == [1.5, 2.5]


def test_they_become_a_series_of_the_library_that_the_rows_came_in() -> None:
    index = pd.Index(["x", "y"])
    assert predictions(index=index).to_series().to_dict() == {"x": 1.5, "y": 2.5}
    assert predictions(library="polars").to_series().to_list() == [1.5, 2.5]
    bounds = {"level": 0.9, "lower": [1.0, 2.0], "upper": [2.0, 3.0]}
    assert predictions(library="polars", **bounds).to_frame().columns == ["prediction", "lower", "upper"]
    assert predictions(index=index, **bounds).to_frame().loc["y"].tolist() == [2.5, 2.0, 3.0]


def test_they_show_themselves_briefly_and_escaped() -> None:
    many = Predictions.of({"predictions": [0.1] * 1000, "model_name": "<m>", "version": 1}, index=["<i>"] * 1000)
    assert len(repr(many)) < 150
    html = many._repr_html_()
    assert ("&lt;m&gt;" in html, "<m>" in html, "<i>" in html, "940 more rows" in html) == (True, False, False, True)
    assert "w &lt;b&gt;" in predictions()._repr_html_()


def test_one_is_a_number_with_bounds() -> None:
    one = Prediction.of({"prediction": 1.5, "model_name": "m", "version": 1, "warnings": []})
    assert (float(one), one.lower, one.upper) == (1.5, None, None)
    bounded = Prediction.of({**one.raw, "interval": {"level": 0.9, "lower": 1.0, "upper": 2.0}})
    assert (bounded.lower, bounded.upper) == (1.0, 2.0)
    assert "1 to 2" in bounded._repr_html_()
