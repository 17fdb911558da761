"""DataFrames of pandas and polars as columns, without importing either: by the names of classes and by methods."""

from abc import ABC, abstractmethod
from array import array
from math import inf, isinf, nan
from typing import Any, ClassVar

from regatta.values import simple, text_of

DAY_END = "T00:00:00.000000"
FRACTION_END = ".000000"


class Column(ABC):
    """One column of a DataFrame. `kind` is what its dtype says of its values.

    `number`, `boolean`, `date`, `duration`, `category`, or `mixed`: then each value says for itself what it is.
    """

    name: str
    kind: str

    @abstractmethod
    def python_values(self) -> list[Any]:
        """Return the values as the library gives them."""

    def values(self) -> list[Any]:
        """Return the values as `simple` has them, None for a missing one; raises `TypeError` that names the column."""
        try:
            return [simple(value) for value in self.python_values()]
        except TypeError as error:
            raise TypeError(f"Column {self.name!r}: {error}") from None

    def doubles(self) -> bytes:
        """Return a column of numbers or booleans as float64 in the order of bytes of this machine, NaN for missing."""
        return array("d", [nan if value is None else float(value) for value in self.values()]).tobytes()

    def finite_doubles(self) -> tuple[bytes, int]:
        """Return what `doubles` does with NaN in the place of infinite numbers, and how many those were."""
        numbers = array("d", self.doubles())
        infinite = numbers.count(inf) + numbers.count(-inf)
        if infinite:
            numbers = array("d", [nan if isinf(number) else number for number in numbers])
        return numbers.tobytes(), infinite

    def texts(self) -> list[str]:
        """Return the values as texts, "" for a missing one."""
        return [text_of(value) for value in self.values()]

    def dates(self) -> list[str]:
        """Return a column of dates as ISO 8601 in UTC, without a time or a fraction that no value has."""
        return shorten_dates(self.texts())


class Frame(ABC):
    """A DataFrame: named columns of one length."""

    library: str
    names: list[str]
    rows: int
    # What names the rows in pandas.
    index: Any = None

    @abstractmethod
    def column(self, position: int) -> Column:
        """Return a column by its position."""

    @abstractmethod
    def slice(self, start: int, stop: int) -> "Frame":
        """Return some of the rows."""

    @property
    def columns(self) -> list[Column]:
        """Return all columns."""
        return [self.column(position) for position in range(len(self.names))]

    def check_names(self) -> None:
        """Raise `ValueError` where two columns have one name."""
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            raise ValueError(f"The DataFrame has the column {repeated[0]!r} more than once. Rename one of them.")


def as_frame(value: Any) -> Frame | None:
    """Return a DataFrame of pandas or polars as a `Frame`; None for anything else.

    Raises `TypeError` for a LazyFrame, whose rows are not there yet.
    """
    for kind in type(value).__mro__:
        library = kind.__module__.partition(".")[0]
        if kind.__name__ == "LazyFrame" and library == "polars":
            raise TypeError("A LazyFrame has no rows yet: collect() it first.")
        if kind.__name__ == "DataFrame" and library in ("pandas", "polars"):
            return PandasFrame(value) if library == "pandas" else PolarsFrame(value)
    return None


def shorten_dates(texts: list[str]) -> list[str]:
    """Return timestamps without the time if it is midnight in all of them, else without a fraction that none has."""
    for end in (DAY_END, FRACTION_END):
        if all(text.endswith(end) or not text for text in texts):
            return [text.removesuffix(end) for text in texts]
    return texts


class PandasFrame(Frame):
    """A DataFrame of pandas."""

    library = "pandas"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names = [str(name) for name in frame.columns]
        self.rows = len(frame)
        self.index = frame.index

    def column(self, position: int) -> Column:
        """Return a column by its position."""
        return PandasColumn(self.names[position], self._frame.iloc[:, position])

    def slice(self, start: int, stop: int) -> Frame:
        """Return some of the rows."""
        return PandasFrame(self._frame.iloc[start:stop])


class PandasColumn(Column):
    """A Series of pandas: numpy's dtypes, the nullable ones, those of Arrow, and categoricals."""

    KINDS: ClassVar = {"f": "number", "i": "number", "u": "number", "b": "boolean", "M": "date", "m": "duration"}

    def __init__(self, name: str, series: Any) -> None:
        self.name = name
        self._series = series
        is_category = type(series.dtype).__name__ == "CategoricalDtype"
        self.kind = "category" if is_category else self.KINDS.get(getattr(series.dtype, "kind", "O"), "mixed")

    def python_values(self) -> list[Any]:
        """Return the values as the library gives them."""
        values: list[Any] = self._series.tolist()
        return values

    def doubles(self) -> bytes:
        """Return a column of numbers or booleans as float64 in the order of bytes of this machine, NaN for missing."""
        found: bytes = self._numbers().tobytes()
        return found

    def finite_doubles(self) -> tuple[bytes, int]:
        """Return what `doubles` does with NaN in the place of infinite numbers, and how many those were."""
        numbers = self._numbers()
        is_infinite = abs(numbers) == inf
        infinite = int(is_infinite.sum())
        if infinite:
            numbers = numbers.copy()
            numbers[is_infinite] = nan
        return numbers.tobytes(), infinite

    def _numbers(self) -> Any:
        """Return the values as an array of numpy, float64."""
        return self._series.to_numpy(dtype="float64", na_value=nan)

    def dates(self) -> list[str]:
        """Return a column of dates as ISO 8601 in UTC, without a time or a fraction that no value has."""
        series = self._series
        if getattr(series.dtype, "tz", None) is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        moments = series.to_numpy()
        if moments.dtype.kind != "M":  # a dtype of Arrow
            return super().dates()
        texts = moments.astype("datetime64[us]").astype(str).tolist()
        return shorten_dates(["" if text == "NaT" else text for text in texts])


class PolarsFrame(Frame):
    """A DataFrame of polars."""

    library = "polars"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names = list(frame.columns)
        self.rows = frame.height

    def column(self, position: int) -> Column:
        """Return a column by its position."""
        return PolarsColumn(self.names[position], self._frame.to_series(position))

    def slice(self, start: int, stop: int) -> Frame:
        """Return some of the rows."""
        return PolarsFrame(self._frame.slice(start, stop - start))


class PolarsColumn(Column):
    """A Series of polars."""

    KINDS: ClassVar = {
        "Boolean": "boolean",
        "Date": "date",
        "Datetime": "date",
        "Duration": "duration",
        "Categorical": "category",
        "Enum": "category",
    }

    def __init__(self, name: str, series: Any) -> None:
        self.name = name
        self._series = series
        kind = str(series.dtype).partition("(")[0]
        is_binary_number = series.dtype.is_integer() or series.dtype.is_float()
        self.kind = "number" if is_binary_number else self.KINDS.get(kind, "mixed")

    def python_values(self) -> list[Any]:
        """Return the values as the library gives them."""
        values: list[Any] = self._series.to_list()
        return values
