"""Which model a call means."""

from typing import Any
from urllib.parse import quote

from regatta.answers import Comparison, LeaderboardRow, Model
from regatta.errors import InvalidInput

# How a caller names a model. A comparison means its best.
Named = str | Model | LeaderboardRow | Comparison


def chosen(named: Named | None, version: int | None) -> dict[str, Any]:
    """Return the `model_name` and `version` of a request; what was trained or listed means its own version.

    Raises `ValueError` for a row of a leaderboard that was not stored, `TypeError` for another object.
    """
    if named is None or isinstance(named, str):
        return {"model_name": named, "version": version}
    found = named.best if isinstance(named, Comparison) else named
    if not isinstance(found, Model | LeaderboardRow):
        raise TypeError(f"A model is its name, or what train, compare and list return, not {type(found).__name__}.")
    if found.model_name is None:
        raise ValueError(f"The {found.model_type} of this comparison was not stored. Train it to predict with it.")
    return {"model_name": found.model_name, "version": found.version if version is None else version}


def column(label: Any) -> str | None:
    """Return the name under which a DataFrame's column is uploaded: the text of its label, which may be a number."""
    return None if label is None else str(label)


def segment(name: Any) -> str:
    """Return a name or an identifier as one segment of a path; raises `InvalidInput` for an empty one.

    A path without it is that of another endpoint.
    """
    if not str(name):
        raise InvalidInput({"detail": "A name or an identifier is empty. Give the one that is meant."}, 422)
    return quote(str(name), safe="")
