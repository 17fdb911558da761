"""Which columns of the caller's rows a model takes, and what is said of those that it does not know."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from regatta.errors import ColumnsNotKnown, ProblemError

NAMES_SHOWN = 20
# What the service says of a column of a strict request.
NO_FEATURE = "is not a feature of the model"


def match_columns(
    names: Sequence[str], features: Sequence[Mapping[str, Any]]
) -> tuple[list[tuple[int, Mapping[str, Any]]], list[str]]:
    """Return the position and the feature of each column that a model takes, and the names of the others.

    Blanks around a name do not count, as they do not in a file.
    """
    by_name = {feature["name"]: feature for feature in features}
    taken: dict[str, tuple[int, Mapping[str, Any]]] = {}
    others = []
    for position, name in enumerate(names):
        own = name if name in by_name else name.strip()
        if own in by_name and own not in taken:
            taken[own] = (position, by_name[own])
        else:
            others.append(name)
    return list(taken.values()), others


def unknown_columns(
    model: str, unknown: Iterable[str], features: Collection[str], given: Collection[str]
) -> ColumnsNotKnown:
    """Return the exception that names the columns which a model does not know, each with near ones of the model."""
    absent = [name for name in features if name not in given]
    near = {name: _near(name, absent) or _near(name, list(features)) for name in unknown}
    errors = [
        {"field": name, "message": "is no column of the model" + (f"; did you mean {_quoted(names)}?" if names else "")}
        for name, names in list(near.items())[:NAMES_SHOWN]
    ]
    listed = _quoted(list(near)[:NAMES_SHOWN])
    detail = (
        f"The model {model!r} does not know {listed}. Rename or drop these columns: it takes "
        f"{_quoted(list(features)[:NAMES_SHOWN])}{' and others' if len(features) > NAMES_SHOWN else ''}."
    )
    return ColumnsNotKnown({"detail": detail, "errors": errors, "unknown": near})


def with_unknown(error: ProblemError) -> ProblemError:
    """Return a refusal of strict rows as `ColumnsNotKnown` where it names columns that the model does not have."""
    unknown = [str(entry["field"]) for entry in error.errors if entry.get("message") == NO_FEATURE]
    if not unknown:
        return error
    return ColumnsNotKnown({**error.problem, "unknown": {name: [] for name in unknown}}, error.status)


def _near(name: str, names: Sequence[str]) -> list[str]:
    """Return the names that a misspelt one may stand for, without regard to case, blanks and underscores."""
    plain = {_plain(own): own for own in names}
    return [plain[found] for found in get_close_matches(_plain(name), plain, 2, 0.7)]


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
