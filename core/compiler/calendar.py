"""Split dates into calendar parts in ONNX operations, like `core.preprocessing.date_parts`, in exact integers."""

import numpy as np
from onnx import TensorProto

from core.cell_values import EARLIEST, LATEST
from core.compiler.graph_builder import GraphBuilder

DAY, HOUR = 86_400, 3600
# Days from 0000-03-01 to 1970-01-01. In years from March a leap day is the last day, and no day number is negative.
SHIFT = 719_468
# 0000-03-01 was a Wednesday, 2 days after Monday.
SHIFT_WEEKDAY = 2
ERA = 146_097


class _IntegerTensor:
    """An int64 tensor with Python's integer operators. Its values are >= 0, as ONNX division rounds toward 0."""

    def __init__(self, graph: GraphBuilder, name: str) -> None:
        self.graph = graph
        self.name = name

    def _apply(self, op: str, other: "_IntegerTensor | int") -> "_IntegerTensor":
        """Return the result of an operator with another tensor or a constant."""
        name = other.name if isinstance(other, _IntegerTensor) else self.graph.constant(np.array(other, np.int64))
        return _IntegerTensor(self.graph, self.graph.node(op, self.name, name))

    def __add__(self, other: "_IntegerTensor | int") -> "_IntegerTensor":
        return self._apply("Add", other)

    def __sub__(self, other: "_IntegerTensor | int") -> "_IntegerTensor":
        return self._apply("Sub", other)

    def __mul__(self, other: "_IntegerTensor | int") -> "_IntegerTensor":
        return self._apply("Mul", other)

    def __floordiv__(self, other: "_IntegerTensor | int") -> "_IntegerTensor":
        return self._apply("Div", other)

    def __mod__(self, other: "_IntegerTensor | int") -> "_IntegerTensor":
        return self._apply("Mod", other)


def date_parts(graph: GraphBuilder, seconds: str, columns: int) -> str:
    """Return year, month, day, weekday (Monday 0) and hour of each column, (rows, 5 * columns) float64.

    `seconds` is (rows, columns) float64 without NaN, counted from 1970-01-01, and is clipped to the years 1 to 9999.
    Days are converted to a date as in `civil_from_days` of Howard Hinnant's
    "chrono-Compatible Low-Level Date Algorithms" (https://howardhinnant.github.io/date_algorithms.html).
    """
    bounds = [graph.constant(np.array(bound, np.float64)) for bound in (EARLIEST, LATEST)]
    floor = graph.node("Floor", graph.node("Clip", seconds, *bounds))
    moment = _IntegerTensor(graph, graph.node("Cast", floor, to=TensorProto.INT64)) + SHIFT * DAY
    days = moment // DAY
    day_of_era = days % ERA
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    # Months from March, 0, to February, 11.
    shifted_month = (day_of_year * 5 + 2) // 153
    parts = [
        days // ERA * 400 + year_of_era + shifted_month // 10,
        (shifted_month + 2) % 12 + 1,
        day_of_year - (shifted_month * 153 + 2) // 5 + 1,
        (days + SHIFT_WEEKDAY) % 7,
        moment % DAY // HOUR,
    ]
    integers = graph.node("Concat", *(part.name for part in parts), axis=1)
    matrix = graph.node("Cast", integers, to=TensorProto.DOUBLE)
    # Computed part by part, while the pipeline has them column by column.
    order = np.arange(len(parts) * columns).reshape(len(parts), columns).T.ravel()
    return matrix if columns == 1 else graph.node("Gather", matrix, graph.constant(order), axis=1)
