"""Few texts are divided by Python, and many by Arrow: to the same parts."""

from random import Random
from typing import Any

import pyarrow as pa
import pytest

from core.tables import amount_texts
from core.tables.amount_texts import parse_levels

SIGNS = ["$", "€", "R$ ", "-", "(", ")", "kg", " kg", "%", "K", "万", " CC", " ", "Rs. ", "−"]
DIGITS = ["1", "12", "1,234", "1.234", "1'234", "1 234", ",5", ".5", "e3", "１２"]


def parts(texts: list[str], decimal: Any) -> Any:
    found = parse_levels(pa.array(texts, pa.string()), decimal)
    if found is None:
        return None
    affixes = [found.affixes[position] for position in found.positions]
    return affixes, {name: group.to_pylist() for name, group in found.groups.items()}


@pytest.mark.parametrize("decimal", [".", ","])
def test_few_and_many_texts_have_the_same_parts(decimal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(3)
    drawn = [
        ["".join(rng.choice(SIGNS + 2 * DIGITS) for _ in range(rng.randint(1, 4))).strip() for _ in range(2)]
        for _ in range(1500)
    ]
    few = [parts(texts, decimal) for texts in drawn]
    monkeypatch.setattr(amount_texts, "FEW_TEXTS", -1)
    assert [parts(texts, decimal) for texts in drawn] == few
    assert sum(found is not None for found in few) > 50
