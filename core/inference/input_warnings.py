"""What a caller should know of rows to predict: what is wrong with them, and what was imputed, unseen or ignored."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cell_values import write_date
from core.errors import InvalidRecordsError
from core.manifests import Feature

ERRORS_SHOWN = 20
NAMES_SHOWN = 20
LEVELS_SHOWN = 5
# So much of a value, or of a name that a caller made up, is repeated back.
CHARACTERS_SHOWN = 40


class Errors:
    """What is wrong with the values of some rows: the first are kept, all are counted."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.count = 0
        self._fields: dict[str, None] = {}

    def add(self, field: str, message: str, row: int | None = None) -> None:
        """Note that `field` is wrong, in `row` (from 0 within these rows) or altogether."""
        self.count += 1
        self._fields[field] = None
        if len(self.shown) < ERRORS_SHOWN:
            self.shown.append({"field": field, "message": message} if row is None else _located(row, field, message))

    def check(self, first_row: int, rows: int) -> None:
        """Raise `InvalidRecordsError` if there are any; the first of the `rows` rows is called `first_row`."""
        if not self.count:
            return
        alone = first_row == 0 and rows == 1
        errors = [_numbered(error, None if alone else first_row) for error in self.shown]
        more = f" The first {ERRORS_SHOWN} of {self.count} are listed." if self.count > ERRORS_SHOWN else ""
        named = ", ".join(map(shown, [*self._fields][:NAMES_SHOWN]))
        raise InvalidRecordsError(f"Correct {named} and send again.{more}", errors)


class Notices:
    """Watches raw columns piece by piece and puts into words what is odd about all of them.

    With `strict` nothing may be odd: a gap, an absent or unknown column and an unseen category raise
    `InvalidRecordsError` that names them. `first_row` is what the first row is called there.
    """

    def __init__(self, features: Sequence[Feature], *, strict: bool = False, first_row: int = 0) -> None:
        self.next_row = first_row
        self._features = features
        self._strict = strict
        self._gaps: Counter[str] = Counter()
        self._absent: dict[str, None] = {}
        self._ignored: dict[str, None] = {}
        self._levels = {feature.name: {*feature.levels, ""} for feature in features if feature.type == "category"}
        self._unseen: dict[str, dict[str, None]] = {name: {} for name in self._levels}

    def look(
        self,
        columns: Mapping[str, NDArray[Any]],
        rows: int,
        absent: Collection[str] = (),
        ignored: Iterable[str] = (),
    ) -> None:
        """Take in the next `rows` rows: raw columns, those of them that never came, and names no feature has."""
        errors = Errors()
        self._absent.update(dict.fromkeys(absent))
        self._ignored.update(dict.fromkeys(ignored))
        for feature in self._features:
            if feature.name in absent:
                errors.add(feature.name, "is absent")
                continue
            values = columns[feature.name]
            if feature.type == "category":
                self._look_at_texts(values, feature.name, errors)
            else:
                self._count_gaps(np.isnan(values), feature.name, errors)
        if self._strict:
            for name in self._ignored:
                errors.add(name, "is not a feature of the model")
            errors.check(self.next_row, rows)
        self.next_row += rows

    def _look_at_texts(self, values: NDArray[Any], name: str, errors: Errors) -> None:
        seen = set(values.tolist())
        if "" in seen:
            self._count_gaps(values == "", name, errors)
        unseen = seen - self._levels[name]
        self._unseen[name].update(dict.fromkeys(unseen))
        if self._strict and unseen:
            for row in np.flatnonzero([text in unseen for text in values]).tolist():
                errors.add(name, f"has a value that training never saw: {shown(values[row])}", row)

    def _count_gaps(self, gaps: NDArray[np.bool_], name: str, errors: Errors) -> None:
        count = int(gaps.sum())
        self._gaps[name] += count
        if self._strict and count:
            for row in np.flatnonzero(gaps).tolist():
                errors.add(name, "is missing", row)

    def warnings(self) -> list[str]:
        """One sentence for each thing that is odd, in the order of the features."""
        said: list[str] = []
        for feature in self._features:
            name, count = feature.name, self._gaps[feature.name]
            if name in self._absent:
                said.append(f"{name!r} is absent, {_instead(feature)}")
            if count:
                values = "1 missing value" if count == 1 else f"{count} missing values"
                said.append(f"{name!r} has {values}, {_instead(feature)}")
            if unseen := self._unseen.get(name):
                listed = _listed(sorted(unseen), LEVELS_SHOWN)
                said.append(f"{name!r} has values that training never saw: {listed}")
        ignored = [*self._ignored]
        said += [f"the model does not use {shown(name)}; it was ignored" for name in ignored[:NAMES_SHOWN]]
        if len(ignored) > NAMES_SHOWN:
            said.append(f"the model does not use {len(ignored) - NAMES_SHOWN} more columns; they were ignored")
        return said


def shown(value: Any) -> str:
    """A value as Python writes it, cut where it is long."""
    # Of a long text only what is shown is written: there may be ten megabytes of it.
    text = repr(value[: CHARACTERS_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= CHARACTERS_SHOWN + 2 else f"{text[:CHARACTERS_SHOWN]}…"


def _listed(texts: Sequence[str], most: int) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(map(shown, texts[:most])) + more


def _located(row: int, field: str, message: str) -> dict[str, Any]:
    return {"row": row, "field": field, "message": message}


def _numbered(error: dict[str, Any], first_row: int | None) -> dict[str, Any]:
    """The error with its row as the caller counts it, or without one where there is just one row."""
    if "row" not in error:
        return error
    if first_row is None:
        return {key: value for key, value in error.items() if key != "row"}
    return {**error, "row": error["row"] + first_row}


def _instead(feature: Feature) -> str:
    """What the model takes a gap for, as the feature's column would show it."""
    if feature.type == "date":
        return f"imputed with {write_date(float(feature.fill))}"
    if feature.type == "boolean":
        share = float(feature.fill)
        shown = str(share == 1).lower() if share in (0, 1) else f"{share:.3g}, between false (0) and true (1)"
        return f"imputed with {shown}"
    # Where text has no fill, the model has learned what a gap means.
    return f"imputed with {feature.fill!r}" if feature.fill != "" else "a value of its own to the model"
