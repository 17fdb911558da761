"""How long training should take, before it begins: enough to tell what fits an answer from what does not."""

from collections.abc import Sequence

# Seconds of six fits (five folds and the whole) of 10,000 rows and 10 columns on one core, rounded up.
SECONDS = {"random_forest": 45.0, "gradient_boosting": 25.0, "svr": 20.0, "knn": 2.0}
OTHERS = 0.5
OVERHEAD_SECONDS = 0.2


def expected_seconds(model_types: Sequence[str], rows: int, columns: int) -> float:
    """Seconds that training these on a table should take: in proportion to its cells."""
    scale = rows / 10_000 * columns / 10
    return OVERHEAD_SECONDS + scale * sum(SECONDS.get(name, OTHERS) for name in model_types)
