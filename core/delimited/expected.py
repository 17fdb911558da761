"""What a reader knows of a table beforehand, such as the columns of the model that is to predict it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from core.delimited.names import unique_names

# The names of the columns of a file without a header.
GENERATED = r"column_\d+"


@dataclass(frozen=True)
class Expected:
    """The names of columns that a table is expected to have, and texts that some of them may have.

    A file is read as without it wherever that finds these columns; else it decides between the other readings.
    """

    names: frozenset[str] = frozenset()
    texts: Mapping[str, Collection[str]] = field(default_factory=dict)

    def found(self, cells: Sequence[str]) -> int:
        """Return how many of the names a header with these cells gives."""
        # Before names are made unique, which takes longer.
        if self.names.isdisjoint(map(str.strip, cells)) and not any(map(self._is_generated, self.names)):
            return 0
        return len(self.names.intersection(unique_names(cells, [])))

    @property
    def has_no_header(self) -> bool:
        """Return whether all names are those of a file without a header."""
        return bool(self.names) and all(map(self._is_generated, self.names))

    @property
    def keeps_single_quotes(self) -> bool:
        """Return whether single quotes around a text are a part of it."""
        texts = (text for some in self.texts.values() for text in some)
        return any(len(text) > 1 and text[0] == text[-1] == "'" for text in texts)

    @staticmethod
    def _is_generated(name: str) -> bool:
        return re.fullmatch(GENERATED, name) is not None


NOTHING = Expected()
