"""Give a model adaptive intervals: learn the spread of its errors, and compile it into the model's graph."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.array_types import Floats
from core.automl.verified_graph import VerifiedGraph
from core.compiler.spread import add_spread, check_spread
from core.regressors.splits import Split
from core.regressors.spread import fit_spread
from core.regressors.unseen_rows import FinalModel, OutOfFold

log = logging.getLogger("regatta")

# The rows that a compiled spread is compared with the learned one on.
CHECKED_ROWS = 200


@dataclass(frozen=True)
class SpreadBudget:
    """The seconds that learning a spread may take, and the most bytes of a graph that has it."""

    seconds: float
    max_bytes: int


def with_spread(
    verified: VerifiedGraph,
    data: Split,
    out_of_fold: OutOfFold,
    holdout: Floats,
    budget: SpreadBudget,
    clock: Callable[[], float] = time.monotonic,
) -> VerifiedGraph:
    """Return the graph with a learned spread in it; its prediction stays the same to the bit.

    Return the graph as it is where intervals of equal width are as good, and where the budget allows no spread. `data`
    is what the model was fitted on, `holdout` what it predicts of the test rows there, float64 (n,). A model never
    fails for its spread: a fault of ours is logged.
    """
    try:
        spread = fit_spread(out_of_fold, FinalModel(data, holdout), budget.seconds, clock)
        if spread is None:
            return verified
        rows = data.train_x.head(CHECKED_ROWS)
        predicted = verified.predict(rows)
        check_spread(verified.features, data.columns, spread, rows, predicted)
        graph = add_spread(verified.graph, data.columns, spread)
    except Exception:
        log.exception("the spread of the errors could not be learned; intervals are of equal width")
        return verified
    if len(graph) > budget.max_bytes:
        return verified
    return replace(verified, graph=graph, spread_quantiles=spread.quantiles)
