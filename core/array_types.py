"""Names of types of numpy arrays that several rooms use."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Raw columns by feature name, n values each: object arrays of str with "" for missing for categories; else float64 with
# NaN for missing, where a boolean is 1 or 0 and a date the seconds since 1970-01-01.
RawColumns = Mapping[str, NDArray[Any]]
