"""How long training should take, before it begins: enough to tell what fits an answer from what does not."""

from collections.abc import Sequence

from core.regressors.candidates import Candidate
from core.regressors.validation import FOLDS

# Reading the table, compiling, judging and storing, a model: more for a forest, less for a line.
STORING_SECONDS = 0.3


def expected_seconds(
    candidates: Sequence[Candidate], rows: int, columns: int, threads: int, tuning_seconds: float = 0.0
) -> float:
    """Seconds until these are trained on a table, cross-validated and stored, on `threads` threads."""
    fits = (FOLDS + 1) * sum(candidate.expected_seconds(rows, columns) for candidate in candidates)
    return (fits + STORING_SECONDS * len(candidates)) / threads + tuning_seconds
