"""The background of a model: which rows it has, and how the file of the graph has them."""

import numpy as np

from core.inference.contributions.background import (
    FEWEST_ROWS,
    MOST_CHARACTERS,
    background_metadata,
    background_rows,
    read_background,
)


def test_the_rows_are_spread_as_the_predictions_are() -> None:
    predictions = np.random.default_rng(0).permutation(np.arange(1000.0) ** 2)
    chosen = background_rows(predictions)
    assert len(set(chosen.tolist())) == 64
    assert abs(predictions[chosen].mean() / predictions.mean() - 1) < 0.01


def test_of_few_rows_all_are_taken() -> None:
    assert background_rows(np.array([3.0, 1.0, 2.0])).tolist() == [1, 2, 0]


def test_the_metadata_has_every_value() -> None:
    columns = {"a b": np.array([0.1, np.nan, -1e300]), "色": np.array(["红", "", "\0"], object)}
    found = read_background(background_metadata(columns), list(columns))
    assert found is not None
    np.testing.assert_array_equal(found["a b"], columns["a b"])
    assert found["色"].tolist() == ["红", "", "\0"]


def test_long_texts_leave_fewer_rows() -> None:
    columns = {"text": np.array(["x" * 10_000] * 64, object)}
    metadata = background_metadata(columns)
    assert len(metadata["regatta.background"]) <= MOST_CHARACTERS
    found = read_background(metadata, ["text"])
    assert found is not None and FEWEST_ROWS <= len(found["text"]) < 64


def test_a_model_of_an_earlier_version_has_none() -> None:
    assert read_background({"regatta.model": "{}"}, ["a"]) is None
