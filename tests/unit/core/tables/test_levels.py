"""The distinct texts of a whole column, found a part at a time where they are many."""

import pyarrow as pa
import pytest

from core.tables.levels import MANY_TEXTS, unify_dictionaries


@pytest.mark.parametrize("distinct", [3, MANY_TEXTS + 3], ids=["few", "many"])
def test_each_text_is_one_level_and_each_row_has_its_own(distinct: int) -> None:
    first = [f"x{i % distinct}" if i % 7 else None for i in range(distinct + 1000)]
    second, third = ["x5", None, "new", "Ä"], [None]
    codes, levels = unify_dictionaries(
        [pa.array(texts, pa.string()).dictionary_encode() for texts in (first, second, third)]
    )
    assert levels.take(pa.array(codes, mask=codes < 0)).to_pylist() == first + second + third
    assert len(levels) == len(levels.unique())


def test_a_column_without_texts_has_no_levels() -> None:
    codes, levels = unify_dictionaries([pa.nulls(3, pa.string()).dictionary_encode()])
    assert (codes.tolist(), len(levels)) == ([-1, -1, -1], 0)
