"""A column gets the type that its values have."""

import pytest

from tests.support.tables import read


@pytest.mark.parametrize("cell", ["0x1F", "+-1"])
def test_what_only_looks_like_a_number_is_text(cell: str) -> None:
    assert read(f"a,b\n{cell},1\n2,2\n").columns[0].type == "category"
