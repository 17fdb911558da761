"""Names of columns are told apart in as many steps as there are columns."""

import sys
from types import FrameType
from typing import Any

from core.delimited import names
from core.delimited.names import unique_names


def _steps(headers: list[str]) -> int:
    """How many lines run to name these columns."""
    steps = 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        # Only its own lines: what measures the coverage of tests has lines as well.
        if frame.f_code.co_filename != names.__file__:
            return None
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        unique_names(headers, [])
    finally:
        sys.settrace(before)
    return steps


def test_a_repeated_name_gets_the_next_number() -> None:
    assert unique_names(["a", "a", "a_2", "a", ""], []) == ["a", "a_2", "a_2_2", "a_3", "column_5"]


def test_twice_as_many_equal_names_take_twice_as_many_steps() -> None:
    assert _steps(["a"] * 4_000) < 2.2 * _steps(["a"] * 2_000)
    mixed = ["a", *(f"a_{number}" for number in range(2, 2_000)), *["a"] * 2_000]
    assert _steps(mixed) < 20 * len(mixed)


def test_only_the_first_changes_are_warnings_of_their_own() -> None:
    warnings: list[str] = []
    unique_names(["a"] * 501, warnings)
    assert len(warnings) == 101
    assert warnings[0] == "column 2 has the header 'a'; it is called 'a_2'"
    assert warnings[-1] == "400 more columns have another name than their header"
