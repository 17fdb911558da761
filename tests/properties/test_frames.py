"""A random table that pandas has read is read as its upload was, or an error or a warning says what pandas has lost."""

import pytest

from tests.properties.frames import silent_cells
from tests.properties.tables import random_table

TABLES, CHUNK = 400, 100


@pytest.mark.parametrize("first", range(0, TABLES, CHUNK))
def test_no_cell_of_a_dataframe_is_another_one_in_silence(first: int) -> None:
    found = [(seed, cell) for seed in range(first, first + CHUNK) for cell in silent_cells(random_table(seed))]
    assert found == []
