"""Names of types that every room uses. Imports nothing heavy; those of arrays are in `core.array_types`."""

from typing import Any, Literal

# An object as `json` reads and writes it.
Json = dict[str, Any]
# The inferred type of a column.
ColumnType = Literal["integer", "number", "boolean", "date", "category"]
