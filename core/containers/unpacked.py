"""The outcome of opening a container: a text with one table, the types that its cells have, and warnings."""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.containers.canonical import CODE_TEXT, NUMBER_TEXT, ColumnKinds, column_type
from core.manifests import FileContainer
from core.types import ColumnType

MERGED_SHOWN = 3


@dataclass(frozen=True)
class Unpacked:
    """A text with one table. Without `kinds` it is a file as it was packed; with them it is a canonical text."""

    path: Path
    container: FileContainer
    kinds: ColumnKinds | None = None
    # Types that the container states, by position; they overrule those of the kinds.
    stated: dict[int, ColumnType] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    # First and last row (from 0) of merged ranges, and their references.
    merged: list[tuple[int, int, str]] = field(default_factory=list)

    def inside(self, **how: str) -> "Unpacked":
        """Return this as the content of an archive or a gzip: `packed_in`, and `member` of an archive."""
        return replace(self, container=self.container.model_copy(update=how))

    def column_types(self, names: list[str], first_row: int) -> dict[str, ColumnType]:
        """Return the types of the columns called `names` that the container knows; their rows begin at `first_row`."""
        if self.kinds is None:
            return {}
        columns = self.kinds.of(first_row)
        found = {position: column_type(kinds) for position, kinds in enumerate(columns) if kinds}
        types = {**found, **self.stated}
        return {name: type_ for i, name in enumerate(names) if (type_ := types.get(i)) is not None}

    def table_warnings(self, names: list[str], first_row: int, asked: Container[str] = ()) -> list[str]:
        """Return the warnings about the rows from `first_row` on: numbers that are texts, and merged cells.

        The types of the columns in `asked` were asked for.
        """
        columns = self.kinds.of(first_row) if self.kinds else []
        warnings = [
            f"column {name!r}: its numbers are texts in the file, and stay texts; to read them as numbers, send the "
            f'file again with types={{"{name}": "number"}}'
            for name, kinds in zip(names, columns, strict=False)
            if name not in asked
            and NUMBER_TEXT in kinds
            and column_type(kinds) == "category"
            and CODE_TEXT not in kinds
        ]
        merged = [reference for top, bottom, reference in self.merged if bottom >= first_row - 1]
        if merged:
            more = f" and {len(merged) - MERGED_SHOWN:,} more" if len(merged) > MERGED_SHOWN else ""
            warnings.append(
                f"merged cells ({', '.join(merged[:MERGED_SHOWN])}{more}): the value is in the first of them, and the "
                "others count as missing"
            )
        return warnings
