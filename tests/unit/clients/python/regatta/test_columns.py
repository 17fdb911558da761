"""Names of columns: which ones a model takes, and which ones were meant."""

from typing import Any

import pytest

from regatta.columns import match_columns, unknown_columns

FEATURES: list[dict[str, Any]] = [{"name": name} for name in ("age", "Total Rooms", "zip")]


def test_columns_are_matched_by_name_without_the_blanks_around() -> None:
    taken, others = match_columns([" zip", "age", "price", "age "], FEATURES)
    assert ([(position, feature["name"]) for position, feature in taken], others) == (
        [(0, "zip"), (1, "age")],
        ["price", "age "],
    )


@pytest.mark.parametrize(
    ("name", "near"), [("Age", ["age"]), ("total_rooms", ["Total Rooms"]), ("totalroms", ["Total Rooms"]), ("x", [])]
)
def test_near_names_are_found_without_regard_to_case_and_blanks(name: str, near: list[str]) -> None:
    error = unknown_columns("m", [name], [feature["name"] for feature in FEATURES], [name, "zip"])
    assert error.unknown == {name: near}
    assert f"does not know {name!r}" in str(error)


def test_many_names_are_cut_short() -> None:
    error = unknown_columns("m", [f"u{i}" for i in range(500)], [f"f{i}" for i in range(500)], [])
    assert len(error.errors) == 20
    assert len(str(error)) < 3_000
