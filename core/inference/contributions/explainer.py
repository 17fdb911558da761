"""Explain predictions of a compiled graph: what each raw column contributes to the prediction of a row.

One definition for every model: the Shapley values of the game in which the columns of a set have the row's values, and
all others those of a background row, averaged over the background (interventional, or marginal, SHAP). The value of a
weighted sum of models is the weighted sum of their values, so that the terms of a graph may be computed one by one:
trees and linear models exactly, all others from sampled orders of the columns. A column is a raw one, so that its
one-hot columns or date parts change together, and a target that was transformed is explained in its own unit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnxruntime as ort

from core.array_types import Floats, Ints, RawColumns
from core.errors import InvalidRecordsError, TooLargeError
from core.inference.contributions.background import read_background
from core.inference.contributions.columns import NONE, Owners
from core.inference.contributions.decisions import Nodes
from core.inference.contributions.graph import Graph
from core.inference.contributions.paths import TooManyNodesError
from core.inference.contributions.sampling import (
    FEW_COLUMNS,
    all_sets_contributions,
    orders_of,
    sampled_contributions,
)
from core.inference.contributions.terms import Terms, divide
from core.inference.contributions.trees import Trees
from core.inference.session import CompiledModel, open_session

Method = Literal["exact", "mixed", "sampled"]

# How far the base value may be from that of the terms, relative to the spread of predictions, and relative to itself.
TOLERANCE, ROUNDING = 1e-6, 1e-13
# For one answer the most numbers (rows times columns), nodes on paths that are gone through, and rows that are
# predicted: the last two take about ten seconds.
MOST_NUMBERS = 50_000
MOST_PATH_NODES = 500_000_000
MOST_EVALUATIONS = 1_000_000
# So many rows are explained before somebody may stop it.
ROWS_AT_A_TIME = 8
MIB = 1 << 20


@dataclass(frozen=True)
class Part:
    """Tensors of a graph that are computed by a session of their own."""

    session: ort.InferenceSession
    inputs: Sequence[str]

    @classmethod
    def of(cls, graph: Graph, tensors: Sequence[str]) -> "Part":
        """Load the part of a graph that makes these tensors."""
        session = open_session(graph.cut(tensors))
        return cls(session, [one.name for one in session.get_inputs()])

    def run(self, columns: RawColumns) -> Floats:
        """Return the tensors of n rows side by side, (n, columns) float64."""
        found = self.session.run(None, {name: columns[name].reshape(-1, 1) for name in self.inputs})
        return np.concatenate(found, axis=1)


@dataclass(frozen=True)
class Additive:
    """The trees and linear models of a graph. `means` has the background's mean of each column of their matrices."""

    matrices: Part
    owners: Ints
    slopes: Floats
    means: Floats
    trees: Trees | None

    @classmethod
    def prepare(cls, graph: Graph, owners: Owners, terms: Terms, background: RawColumns) -> "Additive":
        """Prepare the exact terms of a graph; raises `TooManyNodesError`, and `ValueError` for what are no trees."""
        names = terms.matrices
        owned = [owners.of(name) for name in names]
        firsts = dict(zip(names, np.cumsum([0, *map(len, owned)]).tolist(), strict=False))
        # A column that nothing changes belongs to one after the last.
        all_owners = np.concatenate(owned)
        all_owners = np.where(all_owners == NONE, all_owners.max() + 1, all_owners)
        slopes = np.zeros(len(all_owners))
        for name, weights in terms.linear:
            slopes[firsts[name] : firsts[name] + len(weights)] += weights
        part = Part.of(graph, names)
        matrix = part.run(background)
        ensembles = [Nodes.read(node, firsts[node.inputs[0]], weight) for node, weight in terms.trees]
        trees = Trees.prepare(Nodes.joined(ensembles), all_owners, matrix) if ensembles else None
        return cls(part, all_owners, slopes, matrix.mean(axis=0), trees)

    @property
    def base_value(self) -> float:
        """Return the mean prediction of the background."""
        linear = float(np.where(self.slopes == 0, 0, self.slopes * self.means).sum())
        return linear + (self.trees.background_mean() if self.trees else 0.0)

    def contributions(self, columns: RawColumns, count: int) -> Floats:
        """Return the contributions of `count` columns to the predictions of n rows, (n, count) float64."""
        matrix = self.matrices.run(columns)
        # What only trees take may be NaN.
        linear = np.where(self.slopes == 0, 0, (matrix - self.means) * self.slopes)
        result = np.array([np.bincount(self.owners, row, count)[:count] for row in linear])
        if self.trees is not None:
            result += [self.trees.contributions(row, count) for row in matrix]
        return result


@dataclass(frozen=True)
class Others:
    """The terms of a graph that are neither trees nor linear: their weighted sum, and the columns it depends on."""

    part: Part
    weights: Floats
    positions: Sequence[int]

    @classmethod
    def prepare(cls, graph: Graph, terms: Terms, names: Sequence[str]) -> "Others":
        """Prepare these terms of a graph."""
        tensors, weights = zip(*terms.others, strict=True)
        sources = graph.sources(tensors)
        positions = [position for position, name in enumerate(names) if name in sources]
        return cls(Part.of(graph, tensors), np.array(weights), positions)

    @property
    def is_exact(self) -> bool:
        """Return whether all sets of columns are tried, instead of some orders of them."""
        return len(self.positions) <= FEW_COLUMNS

    def orders(self, background_rows: int) -> int:
        """Return how many orders of the columns are sampled for each background row."""
        return orders_of(background_rows, len(self.positions))

    def evaluations(self, background_rows: int) -> int:
        """Return how many rows are predicted for one that is explained."""
        columns = len(self.positions)
        return background_rows * (1 << columns if self.is_exact else self.orders(background_rows) * (columns + 1))

    def run(self, columns: RawColumns) -> Floats:
        """Return the sum of the terms, (n,) float64."""
        result: Floats = self.part.run(columns) @ self.weights
        return result

    def contributions(self, columns: RawColumns, background: RawColumns, names: Sequence[str]) -> Floats:
        """Return the contributions of all columns to the predictions of n rows, (n, columns) float64."""
        rows = len(columns[names[0]])
        result = np.zeros((rows, len(names)))
        some = [names[position] for position in self.positions]
        contributions = all_sets_contributions if self.is_exact else sampled_contributions
        for row in range(rows if some else 0):
            one = {name: columns[name][row : row + 1] for name in some}
            result[row, self.positions] = contributions(self.run, one, background, some)
        return result


@dataclass(frozen=True)
class Explanation:
    """The contributions of columns to n predictions, (n, columns) float64: they add up to prediction - `base_value`."""

    method: Method
    # How many orders of the columns were sampled for each row; None where all is exact.
    samples: int | None
    background_rows: int
    base_value: float
    columns: list[str]
    contributions: Floats

    @property
    def head(self) -> dict[str, Any]:
        """Return all but the contributions, for an answer."""
        head = {"method": self.method, "samples": self.samples, "background_rows": self.background_rows}
        return {**head, "base_value": self.base_value}

    @property
    def by_column(self) -> dict[str, list[float]]:
        """Return the contributions to all predictions by column."""
        return dict(zip(self.columns, self.contributions.T.tolist(), strict=True))


@dataclass(frozen=True)
class Explainer:
    """Explains predictions of one model. `base_value` is its mean prediction of the background."""

    columns: list[str]
    background: RawColumns
    base_value: float
    additive: Additive | None
    others: Others | None

    @classmethod
    def of(cls, model: bytes, compiled: CompiledModel) -> "Explainer | None":
        """Return the explainer of a compiled model, or None where its file has no background."""
        graph = Graph.read(model)
        names = [feature.name for feature in compiled.features]
        background = read_background(graph.metadata, names)
        if background is None:
            return None
        predicted = compiled.run(background)
        base_value, spread = float(predicted.mean()), float(np.ptp(predicted))
        owners = Owners(graph, {name: position for position, name in enumerate(names)})
        terms = divide(graph, owners)
        try:
            additive = Additive.prepare(graph, owners, terms, background) if terms.matrices else None
        except (TooManyNodesError, ValueError):
            terms, additive = Terms(others=[(graph.output, 1.0)]), None
        others = Others.prepare(graph, terms, names) if terms.others else None
        found = terms.offset + (additive.base_value if additive else 0.0)
        found += float(others.run(background).mean()) if others else 0.0
        if additive and not abs(found - base_value) <= TOLERANCE * spread + ROUNDING * abs(base_value):
            # A graph that was read otherwise than it predicts.
            additive, others = None, Others.prepare(graph, Terms(others=[(graph.output, 1.0)]), names)
        return cls(names, background, base_value, additive, others)

    @property
    def method(self) -> Method:
        """Return how contributions are computed: `mixed` where some members of an ensemble are sampled."""
        if self.others is None or self.others.is_exact:
            return "exact"
        return "sampled" if self.additive is None else "mixed"

    @property
    def background_rows(self) -> int:
        """Return how many rows the background has."""
        return len(self.background[self.columns[0]])

    @property
    def samples(self) -> int | None:
        """Return how many orders of the columns are sampled for a row; None where all is exact."""
        if self.others is None or self.others.is_exact:
            return None
        return self.background_rows * self.others.orders(self.background_rows)

    @property
    def most_rows(self) -> int:
        """Return how many rows one answer may explain."""
        most = MOST_NUMBERS // len(self.columns)
        if self.additive is not None and self.additive.trees is not None:
            most = min(most, MOST_PATH_NODES // len(self.additive.trees.conditions.nodes))
        if self.others is not None:
            most = min(most, MOST_EVALUATIONS // self.others.evaluations(self.background_rows))
        return max(1, most)

    @property
    def size_bytes(self) -> int:
        """Return how many bytes this takes in memory, roughly."""
        trees = None if self.additive is None else self.additive.trees
        return MIB if trees is None else MIB + trees.conditions.size_bytes

    def check_rows(self, rows: int) -> None:
        """Raise `TooLargeError` for more rows than one answer may explain."""
        if rows > self.most_rows:
            raise TooLargeError(
                f"{rows:,} rows are more than the {self.most_rows:,} of this model that one request explains, with its "
                f"{len(self.columns)} columns. Send the rows in parts of {self.most_rows:,}, or ask without explain.",
                [{"field": "explain", "message": f"explains at most {self.most_rows:,} rows of this model"}],
            )

    def explain(self, batches: Sequence[RawColumns], check: Callable[[], object] = int) -> Explanation:
        """Explain the predictions of all rows of some batches; `check` is called every few rows, and may raise.

        Raises `TooLargeError`, and `InvalidRecordsError` where a contribution is no finite number.
        """
        self.check_rows(sum(len(columns[self.columns[0]]) for columns in batches))
        found = []
        for columns in batches:
            for start in range(0, len(columns[self.columns[0]]), ROWS_AT_A_TIME):
                check()
                found.append(
                    self.contributions({name: columns[name][start : start + ROWS_AT_A_TIME] for name in columns})
                )
        contributions = np.concatenate(found) if found else np.empty((0, len(self.columns)))
        if not np.isfinite(contributions).all():
            raise InvalidRecordsError(
                "Some values are so large that what they contribute is no number. Check them, or ask without explain.",
                [{"field": "explain", "message": "a contribution is beyond what a float64 holds"}],
            )
        return Explanation(
            self.method, self.samples, self.background_rows, self.base_value, self.columns, contributions
        )

    def contributions(self, columns: RawColumns) -> Floats:
        """Return the contributions of each column to the predictions of n rows, (n, columns) float64."""
        count = len(self.columns)
        result = np.zeros((len(columns[self.columns[0]]), count))
        with np.errstate(all="ignore"):
            if self.additive is not None:
                result += self.additive.contributions(columns, count)
            if self.others is not None:
                result += self.others.contributions(columns, self.background, self.columns)
        return result
