"""Estimate how long training will take, to decide whether a request can wait for it."""

from collections.abc import Sequence

from core.regressors.candidates import Candidate
from core.regressors.validation import FOLDS

# Reading the table, compiling, evaluating and storing, for each model: more for a forest, less for a linear model.
STORING_SECONDS = 0.3


def expected_seconds(
    candidates: Sequence[Candidate], rows: int, columns: int, threads: int, tuning_seconds: float = 0.0
) -> float:
    """Return the seconds to train, cross-validate and store these candidates on `threads` threads."""
    fits = (FOLDS + 1) * sum(candidate.expected_seconds(rows, columns) for candidate in candidates)
    return (fits + STORING_SECONDS * len(candidates)) / threads + tuning_seconds
