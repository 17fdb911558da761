"""The table of operations and roles, and its page."""

import re
from pathlib import Path

import pytest

from core.access.roles import LEAST_ROLES, Role, may
from functions.operation_ids import OPERATION_IDS

PAGE = (Path(__file__).parents[4] / "docs/access.md").read_text()


def test_every_operation_has_a_least_role() -> None:
    assert set(LEAST_ROLES) == set(OPERATION_IDS.values()), "add it to LEAST_ROLES in core/access/roles.py"


def test_a_role_may_what_the_lower_ones_may() -> None:
    for lower, higher in zip(Role, list(Role)[1:], strict=False):
        allowed = {operation for operation in LEAST_ROLES if may(lower, operation)}
        assert allowed < {operation for operation in LEAST_ROLES if may(higher, operation)}


def test_nobody_may_use_an_operation_that_the_table_lacks() -> None:
    assert not may(Role.ADMIN, "new_operation")


@pytest.mark.parametrize(("route", "operation"), OPERATION_IDS.items(), ids=str)
def test_the_page_has_the_cells_of_the_table(route: tuple[str, str], operation: str) -> None:
    allowed = [LEAST_ROLES[operation] is None, *(may(role, operation) for role in Role)]
    cells = " | ".join("yes" if cell else "-" for cell in allowed)
    assert f"| `{' '.join(route)}` | {cells} |\n" in PAGE


def test_the_page_has_no_other_requests() -> None:
    assert len(re.findall(r"^\| `(?:GET|POST|PUT|PATCH|DELETE) /", PAGE, re.MULTILINE)) == len(OPERATION_IDS)
