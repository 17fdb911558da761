"""Rows along a curve: all of them, once each, and those next to each other alike."""

import numpy as np

from core.inference.row_order import z_order


def test_rows_that_are_alike_come_together_whatever_their_columns_hold() -> None:
    random = np.random.default_rng(0)
    kinds = random.integers(0, 5, 600)
    texts = np.array(["", "a", "b", "c", "d"], object)[kinds]
    columns = {"gaps": np.where(kinds == 0, np.nan, kinds * 1e300), "texts": texts, "same": np.ones(600)}
    order = z_order(columns, ["gaps", "texts", "same"])
    assert sorted(order.tolist()) == list(range(600))
    assert np.count_nonzero(np.diff(kinds[order])) == 4


def test_the_first_feature_counts_most_and_neighbours_differ_little_in_each() -> None:
    x, y = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(64), np.arange(64)))
    order = z_order({"x": x, "y": y}, ["y", "x"])
    assert (y[order[:2048]] < 32).all()
    shuffled = np.random.default_rng(0).permutation(len(x))
    steps, at_random = (np.abs(np.diff(x[o])).mean() + np.abs(np.diff(y[o])).mean() for o in (order, shuffled))
    assert steps < at_random / 10
