"""Objects that share no names make no table of gaps, and a long object is refused before its items are looked at."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ValidationError

from core.bounds import MOST_SPARSE, SMALL_TABLE, at_most, check_density, size_of_names
from core.errors import TooLargeError


class Asked(BaseModel):
    """A request with an object."""

    columns: Annotated[dict[str, int], at_most(3)] = {}


def test_a_long_object_is_one_error_however_wrong_its_items_are() -> None:
    columns: Any = dict.fromkeys("abcd", "no number")
    with pytest.raises(ValidationError) as refused:
        Asked(columns=columns)
    assert refused.value.error_count() == 1
    assert "has 4 items; at most 3" in str(refused.value)


def test_objects_that_share_no_names_are_refused() -> None:
    records = [{f"column {i}": i} for i in range(3_000)]
    names = [name for record in records for name in record]
    with pytest.raises(TooLargeError, match="3,000 objects with 3,000 different names"):
        check_density(len(records), names, sum(map(size_of_names, records)))


def test_one_long_name_beside_many_short_ones_is_refused() -> None:
    with pytest.raises(TooLargeError):
        check_density(100_000, ["a", "x" * 1_000_000], 100_000 * 2 + 1_000_001)


@pytest.mark.parametrize("rows", [1, 1_000, 1_000_000])
def test_objects_with_gaps_are_taken(rows: int) -> None:
    names = [f"column {i}" for i in range(MOST_SPARSE)]
    check_density(rows, names, rows * size_of_names(names[:1]))
    check_density(1, ["x" * (SMALL_TABLE - 1)], 0)
