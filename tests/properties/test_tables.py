"""A random table in a random dialect is read back: no cell is wrong in silence, and few have to be asked about."""

from collections import Counter

import pytest

from tests.properties.reading import outcome_of
from tests.properties.tables import random_table

TABLES, CHUNK = 2000, 100
# Of so many tables in a chunk, and of the columns in them, so few may be refused or be wrong with a warning: a number
# that has two readings, words that an encoding does not tell apart, codes that are amounts as well.
MOST_REFUSED, MOST_WARNED = 2, 6
# Kinds of columns that no mark and no order of dates settles.
UNSETTLED = ("codes", "constants", "totals")


@pytest.mark.parametrize("first", range(0, TABLES, CHUNK))
def test_no_cell_of_a_table_is_wrong_in_silence(first: int) -> None:
    silent, unlike, refusals, warned, told = list[str](), list[str](), list[str](), Counter[str](), list[str]()
    for seed in range(first, first + CHUNK):
        table = random_table(seed)
        outcome = outcome_of(table)
        silent += [f"table {seed}: {cell}" for cell in outcome.silent]
        unlike += [f"table {seed}: {cell}" for cell in outcome.unlike]
        refusals += [f"table {seed}: {outcome.refusal}"] if outcome.refusal else []
        warned.update(f"table {seed}: {cell}" for cell in outcome.warned)
        if outcome.refusal or outcome.warned:
            again = outcome_of(table, is_told=True)
            told += [f"table {seed}: {again.refusal}"] if again.refusal else []
            wrong = [cell for cell in (*again.silent, *again.warned) if not cell.startswith(UNSETTLED)]
            told += [f"table {seed}: {cell}" for cell in wrong]
    assert silent == []
    assert unlike == [], "a record is read otherwise than the file"
    assert len(refusals) <= MOST_REFUSED, refusals
    assert warned.total() <= MOST_WARNED, warned
    assert told == [], "the file is read wrongly though its encoding, marks and order of dates are said"
