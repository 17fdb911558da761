"""Names of the columns of a CSV: each stripped, different from all others, and never empty."""

from collections.abc import Sequence

CHARACTERS_SHOWN = 40
# So many changes of names are warnings of their own.
CHANGES_SHOWN = 100


def unique_names(headers: Sequence[str], warnings: list[str], *, warns: bool = True) -> list[str]:
    """Return stripped headers, empty ones named `column_N` and repeated ones `name_2`; each change is a warning."""
    taken: set[str] = set()
    # By name the number that is tried next: each is tried once, however often the name comes.
    numbers: dict[str, int] = {}
    names: list[str] = []
    changes = 0
    for position, header in enumerate(headers, start=1):
        stripped = header.strip()
        name = stripped or f"column_{position}"
        stem = stripped or "column"
        while name in taken:
            number = numbers.get(stem, 2)
            name = f"{stem}_{number}"
            numbers[stem] = number + 1
        if name != stripped and warns and (changes := changes + 1) <= CHANGES_SHOWN:
            warnings.append(f"column {position} has the header {quoted(header)}; it is called {quoted(name)}")
        taken.add(name)
        names.append(name)
    if changes > CHANGES_SHOWN:
        warnings.append(f"{changes - CHANGES_SHOWN:,} more columns have another name than their header")
    return names


def quoted(text: str) -> str:
    """Return a text of the file in quotes, cut where it is long."""
    return repr(text if len(text) <= CHARACTERS_SHOWN else f"{text[:CHARACTERS_SHOWN]}…")
