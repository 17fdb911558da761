"""A random table in a random dialect is read back: the first half of the tables."""

import pytest

from tests.properties.silence import FIRST_HALF, check_tables


@pytest.mark.parametrize("first", FIRST_HALF)
def test_no_cell_of_a_table_is_wrong_in_silence(first: int) -> None:
    check_tables(first)
