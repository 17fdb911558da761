"""The features of a model: no row numbers and no free text, unless the recipe names them."""

import numpy as np
import pytest

from core.manifests import Recipe
from tests.support.tables import read, real
from tests.support.training import real_split, split_text, trained


def table(rows: int = 100) -> str:
    random = np.random.default_rng(2)
    lines = [
        f"{i + 1},{1900 + i},note {i} of {random.integers(1e9)},{random.normal()!r},{'ab'[i % 2]}" for i in range(rows)
    ]
    text = "\n".join(lines).replace("np.float64(", "").replace(")", "")
    values = "\n".join(f"{line},{i * 1.5 + random.normal()}" for i, line in enumerate(text.split("\n")))
    return f"row,year,note,x,kind,y\n{values}"


def names(source: str, **recipe: object) -> list[str]:
    return [column.name for column in split_text(source, recipe=Recipe(**recipe)).columns]


def test_row_numbers_and_free_text_are_left_out_and_years_are_not() -> None:
    assert names(table()) == ["year", "x", "kind"]
    notes = split_text(table()).notes
    assert notes[0].startswith("column 'note' has 100 different texts in 100 rows and was left out")
    assert notes[1] == (
        "column 'row' only counts the rows and was left out; "
        'POST /data/process with "columns": {"row": "median"} keeps it'
    )


def test_of_many_columns_one_note_names_the_first_and_counts_the_others() -> None:
    texts = "\n".join(
        ",".join(f"text {row} of {column}" for column in "abcd") + f",{row},{row % 7}" for row in range(90)
    )
    (note,) = split_text(f"a,b,c,d,x,y\n{texts}").notes
    assert note == (
        "columns 'a', 'b', 'c' and 1 more have different texts in most rows and were left out; "
        'POST /data/process with "columns": {"a": "mode"} keeps the first'
    )


def test_the_request_in_a_note_keeps_the_column() -> None:
    assert names(table(), columns={"row": "median", "note": "mode"}) == ["row", "year", "note", "x", "kind"]


def test_row_numbers_are_kept_where_there_is_nothing_else() -> None:
    lines = "\n".join(f"{i},{i * 2}" for i in range(50))
    data = split_text(f"row,y\n{lines}")
    assert [column.name for column in data.columns] == ["row"]
    assert data.notes == []


def test_real_tables_lose_what_no_model_should_see() -> None:
    assert [note.split("'")[1] for note in real_split("mpg").notes] == ["name"]
    assert [note.split("'")[1] for note in real_split("bike_sharing").notes] == ["instant"]
    assert real_split("diamonds", 500).notes == []


def test_row_numbers_and_constants_help_nobody() -> None:
    random = np.random.default_rng(5)
    rows = sorted(random.normal(size=200).tolist())
    plain = "\n".join(f"{random.normal()},{y}" for y in rows)
    numbered = "\n".join(f"{i},7,{line}" for i, line in enumerate(plain.split("\n")))
    without = trained(split_text(f"x,y\n{plain}"), "ridge")
    with_them = trained(split_text(f"row,same,x,y\n{numbered}"), "ridge")
    assert with_them.cross_validation.mean == pytest.approx(without.cross_validation.mean, abs=1e-9)
    assert with_them.cross_validation.mean < 0.05


def test_levels_are_counted_in_what_is_stored() -> None:
    assert next(column for column in real("mpg").columns if column.name == "name").distinct == 305
    assert read("a,y\nx,1\ny,2\nx,3\n").columns[0].distinct == 2
