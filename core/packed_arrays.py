"""Arrays by name as bytes: NumPy's archive without compression, and without pickle."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np

from core.array_types import Floats


def pack_arrays(arrays: Mapping[str, Floats]) -> bytes:
    """Return float64 arrays as the bytes of an archive; the order of rows and columns in memory is kept."""
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, **dict(arrays))
    return body.getvalue()


def unpack_arrays(body: bytes) -> dict[str, Floats]:
    """Return the arrays that `pack_arrays` packed; raises `ValueError` for bytes that are no such archive."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            return {name: np.asarray(stored[name], np.float64) for name in stored.files}
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(str(error)) from error
