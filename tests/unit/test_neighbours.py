"""Rows along a curve: all of them, once each, and those next to each other alike."""

import numpy as np
import pytest

from core.scoring.neighbours import BINS, along_curve, hilbert_index


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_curve_passes_every_point_once_and_steps_to_one_that_touches(dimensions: int) -> None:
    axes = np.meshgrid(*[np.arange(BINS)] * dimensions, indexing="ij")
    points = np.array([axis.ravel() for axis in axes], np.uint8)
    index = hilbert_index(points)
    assert sorted(index.tolist()) == list(range(BINS**dimensions))
    steps = np.abs(np.diff(points[:, np.argsort(index)].astype(int), axis=1))
    assert (steps.sum(axis=0) == 1).all()


def test_rows_that_are_alike_come_together_whatever_their_columns_hold() -> None:
    random = np.random.default_rng(0)
    kinds = random.integers(0, 5, 600)
    texts = np.array(["", "a", "b", "c", "d"], object)[kinds]
    columns = {"gaps": np.where(kinds == 0, np.nan, kinds * 1e300), "texts": texts, "same": np.ones(600)}
    order = along_curve(columns, ["gaps", "texts", "same"])
    assert sorted(order.tolist()) == list(range(600))
    assert np.count_nonzero(np.diff(kinds[order])) == 4
