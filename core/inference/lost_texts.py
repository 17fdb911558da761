"""What `pandas.read_csv` has made of the texts of a file, turned back where a column of the model leaves no doubt.

It makes numbers of texts and NaN of some words before anyone can ask what they mean to a model. Where a number may
have been two texts, this is an error or a warning that says how to read the file instead.
"""

import re
from collections.abc import Sequence
from math import isfinite, isnan, log
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidRecordsError
from core.inference.input_warnings import shortened
from core.manifests import Column, Feature

# Words that `pandas.read_csv` reads as NaN unless `keep_default_na=False` is given.
PANDAS_MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"}
    | {"NULL", "NaN", "None", "n/a", "nan", "null"}
)
# How to read a file so that nothing of it is lost before the model sees it.
AS_TEXTS = "pandas.read_csv(file, dtype=str, keep_default_na=False)"
# So far a thousand times a number of three decimals is from a whole number, by rounding.
THOUSANDTH = 1e-6


class TrainedFeature(Feature):
    """A feature, and what its column was like in training: without a missing value, and of whole numbers alone."""

    is_complete: bool = False
    is_whole: bool = False

    @classmethod
    def of(cls, feature: Feature, columns: Sequence[Column]) -> Self:
        """Return a feature with what is known of its column among those of the table."""
        column = next(column for column in columns if column.name == feature.name)
        return cls(**feature.model_dump(), is_complete=not column.missing, is_whole=column.type == "integer")


def pointed(numbers: NDArray[np.float64], date_format: str | None) -> list[Any]:
    """Return numbers such as 2018.1 as the months that they were in a file, "" for missing.

    A number stays, and cannot be read, where it may have been 2018.1 or 2018.10.
    """
    months = ["" if isnan(number) else f"{number:07.4f}" for number in numbers.tolist()]
    if date_format == "M.Y":
        return months
    short = [repr(number) for number in numbers.tolist()]
    # In a file that writes 2018.01, 2018.1 was 2018.10; none of its months is 2018.2.
    has_zeros = any(re.fullmatch(r"\d{4}\.\d\d", text) for text in short)
    if has_zeros and not any(re.fullmatch(r"\d{4}\.[2-9]", text) for text in short):
        return [text and text[:7] for text in months]
    return [
        number if text.endswith(".1") else month and text
        for number, text, month in zip(numbers.tolist(), short, months, strict=True)
    ]


def thousands_doubt(numbers: NDArray[np.float64], feature: TrainedFeature) -> list[str]:
    """Return a warning where texts such as 1.234, which are 1234 in the model's file, seem to have become 1.234.

    Raises `InvalidRecordsError` where they have for certain, because the numbers of the model's file are whole.
    """
    if feature.type != "number" or feature.decimal != ",":
        return []
    thousands = 1000 * numbers
    is_broken = np.isfinite(numbers) & (numbers != np.rint(numbers))
    if not is_broken.any() or (np.abs(thousands - np.rint(thousands))[is_broken] > THOUSANDTH).any():
        return []
    row = int(np.argmax(is_broken))
    name, number = feature.name, float(numbers[row])
    read_so = f"read it with {AS_TEXTS}, or with thousands='.' and decimal=','"
    if feature.is_whole:
        raise InvalidRecordsError(
            f"{number!r} in column {shortened(name)} may have been a whole number in the file: the model's file has "
            f"whole numbers there, and a point between thousands. If so, {read_so}.",
            [{"row": row, "field": name, "message": f"must be a whole number, not {number!r}"}],
        )
    median, usual = float(np.median(np.abs(numbers[is_broken]))), abs(float(feature.fill))
    if not usual or abs(log(median / usual)) <= abs(log(1000 * median / usual)):
        return []
    return [f"{name!r}: {number!r} is taken as it is; if the file writes a point between thousands, {read_so}"]


def as_levels(values: list[Any], feature: TrainedFeature) -> list[Any]:
    """Return the values of a category as texts: a number or boolean as the level that pandas has made it of.

    Raises `InvalidRecordsError` where it may have made it of two.
    """
    if set(map(type, values)) <= {str}:
        return values
    levels: dict[Any, list[str]] = {}
    for level in feature.levels:
        levels.setdefault(_of_pandas(level), []).append(level)
    widths = {len(level) if level.isdecimal() else 0 for level in feature.levels}
    width = widths.pop() if len(widths) == 1 else 0
    texts: dict[tuple[type, Any], Any] = {}
    for row, value in enumerate(values):
        key = (type(value), value)
        if key in texts or isinstance(value, str):
            continue
        known = levels.get(value, [])
        if len(known) > 1:
            raise _ambiguous_levels(feature.name, value, known, row)
        texts[key] = known[0] if known else _unseen(value, width)
    return [value if isinstance(value, str) else texts[type(value), value] for value in values]


def _of_pandas(text: str) -> Any:
    """Return the number or boolean that `pandas.read_csv` makes of a text, where it makes one of it."""
    if text in ("True", "TRUE", "true", "False", "FALSE", "false"):
        return text.lower() == "true"
    try:
        # Python would accept "1_000" as a number.
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _unseen(value: Any, width: int) -> Any:
    """Return a number as the text of a level that training never saw, with zeros in front if all levels have them."""
    if isinstance(value, float) and isfinite(value) and value.is_integer():
        value = int(value)
    return str(value).zfill(width) if type(value) is int else value


def _ambiguous_levels(name: str, value: Any, known: list[str], row: int) -> InvalidRecordsError:
    """Return the error of a number that two levels of a category were turned into."""
    return InvalidRecordsError(
        f"{shortened(value)} in column {shortened(name)} may be {shortened(known[0])} or {shortened(known[1])} in the "
        f"file, which are different to the model. Read the column as texts: dtype={{{name!r}: str}}, or {AS_TEXTS}.",
        [{"row": row, "field": name, "message": f"must be a text, not {shortened(value)}"}],
    )


def with_swallowed_level(values: list[Any], feature: TrainedFeature) -> tuple[list[Any], list[str]]:
    """Return the values with a level such as "None" where pandas has read it as NaN, and a warning if that is in doubt.

    Without a missing value in training, NaN can be nothing but that level.
    """
    swallowed = [level for level in feature.levels if level in PANDAS_MISSING]
    # A table that has these texts was not read as pandas reads a file by default.
    if not swallowed or "" not in values or any(level in values for level in swallowed):
        return values, []
    level, name = swallowed[0], feature.name
    missing = f"{values.count(''):,} missing {'value' if values.count('') == 1 else 'values'}"
    certain = f"{AS_TEXTS} tells them apart"
    if len(swallowed) == 1 and feature.is_complete:
        return [value if value != "" else level for value in values], [
            f"{name!r} has {missing}, read as {level!r}, which pandas.read_csv takes for missing; {certain}"
        ]
    words = " or ".join(map(repr, swallowed))
    return values, [
        f"{name!r} has {missing} that may be {words} in a file, which pandas.read_csv takes for missing; {certain}"
    ]
