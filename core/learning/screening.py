"""How much of a table a portfolio race looks at: folds, repeats of them, rows to compare on and rows to learn from."""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import KFold

from core.learning.catalogue import SEED
from core.learning.portfolio import YARDSTICK
from core.learning.splitting import Fold, Split, part_of, spread

# Below so many rows five folds leave too few to learn from, and below so many one division is a matter of luck.
FINE_ROWS, REPEATED_ROWS = 3_000, 500
FINE_FOLDS, COARSE_FOLDS, REPEATS = 8, 5, 3
# The most that the strongest candidate of large tables may take, on all folds, of the time there is.
YARDSTICK_SHARE = 0.2
FEWEST_ROWS = 2_000
# The holdout reports; what more rows would add to that is time.
HOLDOUT_ROWS = 20_000


def rows_to_compare(rows: int, columns: int, seconds: float, threads: int) -> int:
    """How many of `rows` rows the candidates are compared on, so that there is time for several of them."""
    affordable = YARDSTICK_SHARE * seconds * threads / COARSE_FOLDS
    chosen = rows
    while chosen > FEWEST_ROWS and YARDSTICK.expected_seconds(chosen, columns) > affordable:
        chosen = int(0.9 * chosen)
    return max(chosen, min(rows, FEWEST_ROWS))


def with_rows(data: Split, rows: int) -> Split:
    """The split with at most `rows` rows to learn from and a holdout that takes no time, both spread evenly."""
    chosen = spread(len(data.test_y), HOLDOUT_ROWS)
    data = data if rows >= len(data.train_y) else part_of(data, rows)
    if len(chosen) == len(data.test_y):
        return data
    return replace(data, test_x=data.test_x.iloc[chosen], test_y=data.test_y[chosen])


def with_finer_folds(data: Split) -> tuple[Split, int]:
    """The split with the folds of a race, and how many of them are one division; the others repeat it.

    A small table gets more folds, which leaves more rows to learn from, and a very small one three divisions of them,
    each shuffled by a seed of its own.
    """
    rows = len(data.train_y)
    if rows >= FINE_ROWS:
        return data, len(data.folds)
    repeats = REPEATS if rows < REPEATED_ROWS else 1
    count = FINE_FOLDS if rows >= 2 * FINE_FOLDS else COARSE_FOLDS
    folds = [
        Fold(learn, judge)
        for repeat in range(repeats)
        for learn, judge in KFold(count, shuffle=True, random_state=SEED + repeat).split(np.arange(rows))
    ]
    return replace(data, folds=folds), count
