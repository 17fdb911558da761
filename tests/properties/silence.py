"""No cell of a random table may be read wrongly in silence, and few may have to be asked about.

Nor may one of a frame that pandas has made of such a table: it is read as the upload was, or an error or a warning says
what pandas has lost.

`PROPERTY_TABLES=2000 pytest tests/properties` draws more of them.
"""

import os
from collections import Counter

from tests.properties.frames import silent_cells
from tests.properties.reading import outcome_of
from tests.properties.tables import random_table

# Two modules share the tables, so that two workers do: each worker takes whole modules.
TABLES, CHUNK = int(os.environ.get("PROPERTY_TABLES", "1000")), 100
FIRST_HALF, SECOND_HALF = range(0, TABLES // 2, CHUNK), range(TABLES // 2, TABLES, CHUNK)
# So many tables are also read from frames.
FRAMES = 500
# Of so many tables in a chunk, and of the columns in them, so few may be refused or be wrong with a warning: a number
# that has two readings, words that an encoding does not tell apart, codes that are amounts as well.
MOST_REFUSED, MOST_WARNED = 2, 6
# Kinds of columns that no mark and no order of dates settles.
UNSETTLED = ("codes", "constants", "totals")


def check_tables(first: int) -> None:
    """Check the tables of a chunk, from the seed `first` on."""
    silent, unlike, refusals, warned, told = list[str](), list[str](), list[str](), Counter[str](), list[str]()
    of_frames = list[str]()
    for seed in range(first, first + CHUNK):
        table = random_table(seed)
        outcome = outcome_of(table)
        silent += [f"table {seed}: {cell}" for cell in outcome.silent]
        unlike += [f"table {seed}: {cell}" for cell in outcome.unlike]
        refusals += [f"table {seed}: {outcome.refusal}"] if outcome.refusal else []
        if seed < FRAMES:
            of_frames += [f"table {seed}: {cell}" for cell in silent_cells(table, outcome)]
        warned.update(f"table {seed}: {cell}" for cell in outcome.warned)
        if outcome.refusal or outcome.warned:
            again = outcome_of(table, is_told=True)
            told += [f"table {seed}: {again.refusal}"] if again.refusal else []
            wrong = [cell for cell in (*again.silent, *again.warned) if not cell.startswith(UNSETTLED)]
            told += [f"table {seed}: {cell}" for cell in wrong]
    assert silent == [], silent
    assert of_frames == [], f"a frame is read otherwise than the file: {of_frames}"
    assert unlike == [], f"a record is read otherwise than the file: {unlike}"
    assert len(refusals) <= MOST_REFUSED, refusals
    assert warned.total() <= MOST_WARNED, warned
    assert told == [], f"the file is read wrongly though its encoding, marks and order of dates are said: {told}"
