"""Whole numbers in requests."""

from typing import Any

from pydantic import BeforeValidator


def whole(value: Any) -> Any:
    """Return 5.0 as 5, because JSON has one kind of numbers; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Behind the bounds, so that they are those of the number itself: Annotated[int, Field(ge=1), WHOLE].
WHOLE = BeforeValidator(whole)
