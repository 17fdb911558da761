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

    Blanks around a name do not count, and a column without a name has the one that an upload gives it, as in a file.
    """
    by_name = {feature["name"]: feature for feature in features}
    taken: dict[str, tuple[int, Mapping[str, Any]]] = {}
    others = []
    for position, (name, uploaded) in enumerate(zip(names, uploaded_names(names), strict=True)):
        own = name if name in by_name else uploaded
        if own in by_name and own not in taken:
            taken[own] = (position, by_name[own])
        else:
            others.append(name)
    return list(taken.values()), others


def uploaded_names(names: Sequence[str]) -> list[str]:
    """Return the names that the columns of a file have after its upload, where pandas has read the file.

    The third column is `column_3` if it has no name; pandas calls it `Unnamed: 2`, or by its number if none has a name.
    A second `a` is `a_2`, in pandas `a.1`.
    """
    if list(names) == [str(position) for position in range(len(names))]:
        return [f"column_{position}" for position in range(1, len(names) + 1)]
    seen: set[str] = set()
    uploaded: dict[str, None] = {}
    for position, name in enumerate(names):
        stem, _, number = name.rpartition(".")
        header = stem if number.isdecimal() and stem in seen else name
        stripped = "" if name == f"Unnamed: {position}" else header.strip()
        own, again = stripped or f"column_{position + 1}", 2
        while own in uploaded:
            own, again = f"{stripped or 'column'}_{again}", again + 1
        uploaded[own] = None
        seen.add(name)
    return list(uploaded)


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
