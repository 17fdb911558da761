"""Which model a call means."""

from typing import Any
from urllib.parse import quote

from regatta.answers import LeaderboardRow, Model


def chosen(name: str | Model | LeaderboardRow | None, version: int | None) -> dict[str, Any]:
    """Return the `model_name` and `version` of a request; what was trained or listed means its own version.

    Raises `ValueError` for a row of a leaderboard that was not stored.
    """
    if name is None or isinstance(name, str):
        return {"model_name": name, "version": version}
    if name.model_name is None:
        raise ValueError(f"The {name.model_type} of this comparison was not stored. Train it to predict with it.")
    return {"model_name": name.model_name, "version": name.version if version is None else version}


def segment(name: Any) -> str:
    """Return a name as one segment of a path."""
    return quote(str(name), safe="")
