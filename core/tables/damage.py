"""A stored table whose bytes are not what was stored."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyarrow import ArrowInvalid

from core.errors import NotACsvError


@contextmanager
def naming_damage(where: str = "") -> Iterator[None]:
    """Raise `NotACsvError` for bytes of a stored table that Arrow cannot unpack; `where` says which of its rows."""
    try:
        yield
    except (ArrowInvalid, OSError) as error:
        # Arrow's own errors have no number; those of the disk do.
        if isinstance(error, ArrowInvalid) or error.errno is None:
            raise NotACsvError(f"The stored table is damaged{where}. Upload the file again.") from error
        raise
