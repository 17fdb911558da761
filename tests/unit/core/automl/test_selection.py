"""Whether more rows are worth more than what a model is behind."""

import pytest

from core.automl.selection import Selection, is_better_refitted
from core.model_manifest import CrossValidation


def of_error(error: float) -> Selection:
    """Return a selection whose error, 1 - R2, is this."""
    return Selection("ridge", [], CrossValidation(scores=[1 - error], mean=1 - error, std=None))


@pytest.mark.parametrize(("error", "is_better"), [(0.2, True), (0.22, True), (0.24, False)])
def test_a_refit_is_better_where_rows_are_worth_more_than_what_it_is_behind(error: float, is_better: bool) -> None:
    # With twice the rows the error falls to 87 %.
    assert is_better_refitted(of_error(error), of_error(0.2), 2.0) is is_better
    assert not is_better_refitted(of_error(error), of_error(0.2), 1.0)
