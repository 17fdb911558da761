"""What a stored pickle of an earlier version calls by a name that has changed since.

A pickle refers to each class and function by its dotted name at the time of writing. Whoever moves or renames one that
a fitted pipeline refers to adds its former name here, and never takes one away: `tests/data/buckets` has such pickles.
"""

import io
import pickle
from typing import Any

from core.preprocessing.date_parts import date_parts, part_names, to_seconds
from core.preprocessing.target_transforms import OnTrend, TargetTransformer

# By module and name, as pickle has them; those of version 0.1.
FORMER_NAMES: dict[tuple[str, str], Any] = {
    ("core.learning.dates", "to_seconds"): to_seconds,
    ("core.learning.dates", "date_parts"): date_parts,
    ("core.learning.dates", "part_names"): part_names,
    ("core.learning.targets", "TargetTransform"): TargetTransformer,
    ("core.learning.targets", "OnTrend"): OnTrend,
}


def unpickle(body: bytes) -> Any:
    """Unpickle an object that this or an earlier version of Regatta wrote.

    This runs code that the bytes name: call it only for bytes whose signature was verified.
    """
    return _Unpickler(io.BytesIO(body)).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the class or function of that name, or the one that had it formerly."""
        former = FORMER_NAMES.get((module, name))
        return super().find_class(module, name) if former is None else former
