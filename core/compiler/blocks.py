"""What a step of the preprocessing takes and returns in the graph: raw columns, or a matrix of numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.compiler.graph_builder import GraphBuilder
from core.errors import TrainingFailedError
from core.manifests import Column, Feature

# The features that a model takes, by the name of the column.
Features = dict[str, Feature]


@dataclass(frozen=True)
class RawBlock:
    """Columns of the table that no step has converted to numbers yet. Each is an input of the graph, (rows, 1).

    After an imputer of texts, `fills` has the text that replaces a missing one in each column.
    """

    columns: Sequence[Column]
    fills: Sequence[str] | None = None


# The name of a tensor in the graph, (rows, width) float64.
Matrix = str
Converter = Callable[[GraphBuilder, Any, RawBlock | Matrix, Features], RawBlock | Matrix]


def feature_type(column: Column) -> Literal["number", "boolean", "date", "category"]:
    """Return the type of the feature that a column becomes."""
    return "number" if column.type == "integer" else column.type


def side_by_side(graph: GraphBuilder, blocks: list[str]) -> str:
    """Join blocks of columns to one matrix."""
    return blocks[0] if len(blocks) == 1 else graph.node("Concat", *blocks, axis=1)


def raw_block(block: RawBlock | Matrix, transformer: Any) -> RawBlock:
    """Return the block; raises `TrainingFailedError` where it is a matrix, and the transformer takes raw columns."""
    if not isinstance(block, RawBlock):
        raise unsupported(transformer)
    return block


def matrix_of(block: RawBlock | Matrix, transformer: Any) -> Matrix:
    """Return the block; raises `TrainingFailedError` where it is not yet a matrix."""
    if isinstance(block, RawBlock):
        raise unsupported(transformer)
    return block


def unsupported(transformer: Any) -> TrainingFailedError:
    """Return the error for a transformer that no converter takes."""
    return TrainingFailedError(f"The preprocessing {transformer!r:.200} cannot be compiled to a graph.")
