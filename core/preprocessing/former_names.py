"""Load pickles that refer to classes and functions by their former names.

A pickle refers to each class and function by its dotted name at the time of writing. Whoever moves or renames one that
fitted pipelines refer to adds its former name here. None is ever removed: `tests/data/buckets` has such pickles.
"""

import io
import pickle
from typing import Any

from core.preprocessing.date_parts import date_parts, part_names, to_seconds
from core.preprocessing.recentring import FiniteImputer, RecentredColumns, RecentredTarget
from core.preprocessing.target_transforms import OnTrend, TargetTransformer

# By former module and name the class or function of today: the names of version 0.1, and those that came later.
FORMER_NAMES: dict[tuple[str, str], Any] = {
    ("core.learning.dates", "to_seconds"): to_seconds,
    ("core.learning.dates", "date_parts"): date_parts,
    ("core.learning.dates", "part_names"): part_names,
    ("core.learning.targets", "TargetTransform"): TargetTransformer,
    ("core.learning.targets", "OnTrend"): OnTrend,
    ("core.preprocessing.recentring", "FiniteImputer"): FiniteImputer,
    ("core.preprocessing.recentring", "RecentredColumns"): RecentredColumns,
    ("core.preprocessing.recentring", "RecentredTarget"): RecentredTarget,
}


def unpickle(body: bytes) -> Any:
    """Unpickle an object that this or an earlier version of Regatta wrote.

    Unpickling runs code that the bytes name, so call it only for bytes whose signature was verified.
    """
    return _Unpickler(io.BytesIO(body)).load()


class _Unpickler(pickle.Unpickler):
    """Finds classes and functions by former names as well."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the class or function that has this name, or had it formerly."""
        renamed = FORMER_NAMES.get((module, name))
        return super().find_class(module, name) if renamed is None else renamed
