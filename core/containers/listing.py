"""List names of sheets and files in messages."""

from collections.abc import Sequence

NAMES_SHOWN = 10
CHARACTERS_SHOWN = 60


def listed(names: Sequence[str]) -> str:
    """List names in quotes; of many, the first ones and how many more there are."""
    return listed_as_they_are([repr(name[:CHARACTERS_SHOWN]) for name in names])


def listed_as_they_are(texts: Sequence[str]) -> str:
    """List texts; of many, the first ones and how many more there are."""
    shown = ", ".join(texts[:NAMES_SHOWN])
    return shown + (f" and {len(texts) - NAMES_SHOWN} more" if len(texts) > NAMES_SHOWN else "")
