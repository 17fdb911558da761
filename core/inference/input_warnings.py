"""Errors and warnings about rows to predict: wrong values, and values that were imputed, unseen or ignored."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.array_types import RawColumns
from core.cell_values import format_date
from core.errors import InvalidRecordsError
from core.manifests import Feature

ERRORS_SHOWN = 20
NAMES_SHOWN = 20
LEVELS_SHOWN = 5
# So many characters of a caller's value or name appear in a message.
CHARACTERS_SHOWN = 40


class InputErrors:
    """The errors in the values of some rows: the first ones are kept, all are counted."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self.count = 0
        self._fields: dict[str, None] = {}

    def add(self, field: str, message: str, row: int | None = None) -> None:
        """Add an error of `field`, in `row` (from 0 within these rows) or in the batch as a whole."""
        self.count += 1
        self._fields[field] = None
        if len(self.listed) < ERRORS_SHOWN:
            self.listed.append({"field": field, "message": message} if row is None else _located(row, field, message))

    def add_unreadable(self, feature: Feature, accepted: str, value: Any, row: int) -> None:
        """Add the error of a value that is not what the feature takes: `accepted` says what that is."""
        self.add(feature.name, f"must be {accepted}, not {shortened(value)}", row)

    def raise_if_any(self, first_row: int, rows: int) -> None:
        """Raise `InvalidRecordsError` if there are errors; `first_row` is the caller's number of the first row."""
        if not self.count:
            return
        is_single_row = first_row == 0 and rows == 1
        errors = [_numbered(error, None if is_single_row else first_row) for error in self.listed]
        rest = f" The first {ERRORS_SHOWN} of {self.count} are listed." if self.count > ERRORS_SHOWN else ""
        fields = ", ".join(map(shortened, [*self._fields][:NAMES_SHOWN]))
        raise InvalidRecordsError(f"Correct {fields} and send again.{rest}", errors)


class InputWarnings:
    """Collects what is unusual about raw columns, batch by batch, and describes it in warnings.

    With `strict`, a missing value, an absent or unknown column and an unseen category raise `InvalidRecordsError` that
    names them. `first_row` is the number of the first row in such errors.
    """

    def __init__(self, features: Sequence[Feature], *, strict: bool = False, first_row: int = 0) -> None:
        self.next_row = first_row
        self._features = features
        self._strict = strict
        self._missing_counts: Counter[str] = Counter()
        self._absent: dict[str, None] = {}
        self._ignored: dict[str, None] = {}
        # By feature a text of two readings, and the number that it was read as.
        self._readings: dict[str, tuple[str, float]] = {}
        # By feature in per cent a number without it that may be a share of 1.
        self._shares: dict[str, str | float] = {}
        # By date feature a number of seconds that looks like a date.
        self._seconds: dict[str, float] = {}
        self._levels = {feature.name: {*feature.levels, ""} for feature in features if feature.type == "category"}
        self._unseen: dict[str, dict[str, None]] = {name: {} for name in self._levels}

    def update(
        self,
        columns: RawColumns,
        rows: int,
        absent: Collection[str] = (),
        ignored: Iterable[str] = (),
    ) -> None:
        """Add the next `rows` rows: raw columns, the features that were `absent`, and names that were `ignored`.

        Raises `InvalidRecordsError` in strict mode.
        """
        errors = InputErrors()
        self._absent.update(dict.fromkeys(absent))
        self._ignored.update(dict.fromkeys(ignored))
        for feature in self._features:
            if feature.name in absent:
                errors.add(feature.name, "is absent")
                continue
            values = columns[feature.name]
            if feature.type == "category":
                self._check_texts(values, feature.name, errors)
            else:
                self._count_missing(np.isnan(values), feature.name, errors)
        if self._strict:
            for name in self._ignored:
                errors.add(name, "is not a feature of the model")
            errors.raise_if_any(self.next_row, rows)
        self.next_row += rows

    def add_reading(self, name: str, text: str, value: float) -> None:
        """Note that a text of two readings was read as a number; the first one of each feature is kept."""
        self._readings.setdefault(name, (text, value))

    def add_share(self, feature: Feature, value: str | float) -> None:
        """Note a number that may be a share of 1 in a column in per cent; the first one of each feature is kept."""
        self._shares.setdefault(feature.name, value)

    def add_seconds(self, name: str, value: float) -> None:
        """Note a number of seconds that looks like a date; the first one of each feature is kept."""
        self._seconds.setdefault(name, value)

    def state(self) -> dict[str, Any]:
        """Return for JSON what was found in the rows, for `merge`."""
        return {
            "missing": self._missing_counts,
            "absent": list(self._absent),
            "ignored": list(self._ignored),
            "readings": self._readings,
            "shares": self._shares,
            "seconds": self._seconds,
            "unseen": {name: list(texts) for name, texts in self._unseen.items() if texts},
        }

    def merge(self, state: Mapping[str, Any]) -> None:
        """Add what was found in the rows that follow, given their `state`."""
        self._missing_counts.update(state["missing"])
        self._absent.update(dict.fromkeys(state["absent"]))
        self._ignored.update(dict.fromkeys(state["ignored"]))
        for name, (text, value) in state["readings"].items():
            self.add_reading(name, text, value)
        self._shares = {**state["shares"], **self._shares}
        self._seconds = {**state["seconds"], **self._seconds}
        for name, texts in state["unseen"].items():
            self._unseen[name].update(dict.fromkeys(texts))

    def _check_texts(self, values: NDArray[Any], name: str, errors: InputErrors) -> None:
        """Collect the missing and unseen values of a category; with `strict`, each is an error."""
        seen = set(values.tolist())
        if "" in seen:
            self._count_missing(values == "", name, errors)
        unseen = seen - self._levels[name]
        self._unseen[name].update(dict.fromkeys(unseen))
        if self._strict and unseen:
            for row in np.flatnonzero([text in unseen for text in values]).tolist():
                errors.add(name, f"has a value that training never saw: {shortened(values[row])}", row)

    def _count_missing(self, missing: NDArray[np.bool_], name: str, errors: InputErrors) -> None:
        """Count missing values, given which rows lack one; with `strict`, each is an error."""
        count = int(missing.sum())
        self._missing_counts[name] += count
        if self._strict and count:
            for row in np.flatnonzero(missing).tolist():
                errors.add(name, "is missing", row)

    def warnings(self, *, ordinary: bool = True) -> list[str]:
        """Return one sentence for each finding, in the order of the features.

        Without `ordinary` ones there is none of missing values and ignored columns. Of very many columns that are
        absent, or lack values, one sentence counts those that are not named.
        """
        warnings: list[str] = []
        lacking = {name for name, count in self._missing_counts.items() if count and ordinary}
        absent, named = self._named(self._absent), self._named(lacking)
        for feature in self._features:
            name, count = feature.name, self._missing_counts[feature.name]
            if name in absent:
                warnings.append(f"{name!r} is absent, {_replacement(feature)}")
            if name in named:
                values = "1 missing value" if count == 1 else f"{count} missing values"
                warnings.append(f"{name!r} has {values}, {_replacement(feature)}")
            if name in self._readings:
                text, value = self._readings[name]
                warnings.append(f"{name!r}: {shortened(text)} is read as {value:g}, as in the file of the model")
            if name in self._shares:
                warnings.append(share_warning(name, self._shares[name]))
            if name in self._seconds:
                number = f"{self._seconds[name]:.0f}"
                warnings.append(
                    f"{name!r}: {number} is read as seconds since 1970-01-01; if it is a date, send it as a text, such "
                    "as 2022-03-01"
                )
            if unseen := self._unseen.get(name):
                listed = _listed(sorted(unseen), LEVELS_SHOWN)
                warnings.append(f"{name!r} has values that training never saw: {listed}")
        if more := len(self._absent) - len(absent):
            warnings.append(f"{more} more columns are absent and imputed")
        if more := len(lacking) - len(named):
            warnings.append(f"{more} more columns have missing values, which are imputed")
        ignored = [*self._ignored] if ordinary else []
        warnings += [f"the model does not use {shortened(name)}; it was ignored" for name in ignored[:NAMES_SHOWN]]
        if len(ignored) > NAMES_SHOWN:
            warnings.append(f"the model does not use {len(ignored) - NAMES_SHOWN} more columns; they were ignored")
        return warnings

    def _named(self, found: Collection[str]) -> set[str]:
        """Return the names of the first features among those `found`."""
        if len(found) <= NAMES_SHOWN:
            return set(found)
        return set(islice((one.name for one in self._features if one.name in found), NAMES_SHOWN))


def share_warning(name: str, value: str | float) -> str:
    """Return the warning about a number without a unit in a column in per cent."""
    return (
        f"{name!r}: {shortened(value)} is read as {shortened(value)} %, the unit of the model's file; if it is a share "
        "of 1, send it in per cent (12 or '12%' for 0.12)"
    )


def shortened(value: Any) -> str:
    """Return the `repr` of a value, truncated where it is long."""
    # Truncated before `repr`, as a text may have ten megabytes.
    text = repr(value[: CHARACTERS_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= CHARACTERS_SHOWN + 2 else f"{text[:CHARACTERS_SHOWN]}…"


def _listed(texts: Sequence[str], limit: int) -> str:
    """Join the first `limit` texts, and say how many more there are."""
    rest = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(map(shortened, texts[:limit])) + rest


def _located(row: int, field: str, message: str) -> dict[str, Any]:
    """Return an error with its row."""
    return {"row": row, "field": field, "message": message}


def _numbered(error: dict[str, Any], first_row: int | None) -> dict[str, Any]:
    """Return the error with the caller's row number, or without one if `first_row` is None."""
    if "row" not in error:
        return error
    if first_row is None:
        return {key: value for key, value in error.items() if key != "row"}
    return {**error, "row": error["row"] + first_row}


def _replacement(feature: Feature) -> str:
    """Describe what replaces a missing value, in the notation of the feature."""
    if feature.type == "date":
        return f"imputed with {format_date(float(feature.fill))}"
    if feature.type == "boolean":
        share = float(feature.fill)
        fill = str(share == 1).lower() if share in (0, 1) else f"{share:.3g}, between false (0) and true (1)"
        return f"imputed with {fill}"
    # A text without a fill has missing values as a level of its own.
    return f"imputed with {feature.fill!r}" if feature.fill != "" else "a value of its own to the model"
