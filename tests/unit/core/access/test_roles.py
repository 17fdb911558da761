from core.access.roles import LEAST_ROLES, Role, may
from functions.operation_ids import OPERATION_IDS


def test_every_operation_has_a_least_role() -> None:
    assert set(LEAST_ROLES) == set(OPERATION_IDS.values()), "add it to LEAST_ROLES in core/access/roles.py"


def test_a_role_may_what_the_lower_ones_may() -> None:
    for lower, higher in zip(Role, list(Role)[1:], strict=False):
        allowed = {operation for operation in LEAST_ROLES if may(lower, operation)}
        assert allowed < {operation for operation in LEAST_ROLES if may(higher, operation)}


def test_nobody_may_use_an_operation_that_the_table_lacks() -> None:
    assert not may(Role.ADMIN, "new_operation")
