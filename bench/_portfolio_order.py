"""Order configurations by the improvement that each brings for its seconds, and test the order on tables not seen.

Greedy, as portfolios of auto-sklearn 2 are built: Feurer et al., "Auto-Sklearn 2.0", JMLR 23 (2022), section 3.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench._portfolio_results import Measured
from core.array_types import Floats

# The overhead of a trial beside its fit, as in a race, and the most configurations of an order.
LEAST_SECONDS, MOST = 0.02, 16
# Errors that are larger than the best by more count as so much larger.
WORST = 1.0
# A gain in relative error that is too small to be told from chance.
LEAST_GAIN = 1e-4


@dataclass(frozen=True)
class Table:
    """The results on one table: RMSE by configuration and fold over the best mean, (configurations, folds), seconds."""

    errors: Floats
    seconds: Floats

    def loss(self, chosen: Sequence[int]) -> float:
        """Return the mean relative error on each fold of the configuration that is best on the other folds."""
        if not chosen:
            return WORST
        errors = self.errors[list(chosen)]
        others = (errors.sum(axis=1, keepdims=True) - errors) / (errors.shape[1] - 1)
        best = np.argmin(others, axis=0)
        return float(np.minimum(errors[best, np.arange(errors.shape[1])], WORST).mean())


def tables_of(results: Sequence[Measured], size: str) -> tuple[list[str], dict[str, Table]]:
    """Return the configurations that were measured on every table of a size, and the results by table."""
    by_table: dict[str, dict[str, Measured]] = {}
    for result in results:
        if result.size == size:
            by_table.setdefault(result.table, {})[result.configuration] = result
    names = sorted(set.intersection(*(set(found) for found in by_table.values()))) if by_table else []
    return names, {table: _table([found[name] for name in names]) for table, found in by_table.items() if names}


def greedy_order(tables: Mapping[str, Table]) -> list[tuple[int, float]]:
    """Return positions of configurations and the gain of each, the most mean gain for each second first."""
    chosen: list[tuple[int, float]] = []
    seconds = np.mean([table.seconds for table in tables.values()], axis=0) + LEAST_SECONDS
    while len(chosen) < MOST:
        before = [position for position, _ in chosen]
        losses = [table.loss(before) for table in tables.values()]
        gains = np.array(
            [
                np.mean([max(0.0, b - t.loss([*before, i])) for b, t in zip(losses, tables.values(), strict=True)])
                for i in range(len(seconds))
            ]
        )
        gains[before] = 0.0
        best = int(np.argmax(gains / seconds))
        if gains[best] < LEAST_GAIN:
            break
        chosen.append((best, float(gains[best])))
    return chosen


def loss_within(table: Table, order: Sequence[int], seconds: float) -> float:
    """Return the loss on a table of the configurations of an order that run within so many seconds, in turn."""
    ran: list[int] = []
    taken = 0.0
    for position in order:
        taken += float(table.seconds[position]) * table.errors.shape[1]
        if taken > seconds and ran:
            break
        ran.append(position)
    return table.loss(ran)


def _table(results: Sequence[Measured]) -> Table:
    rmse = np.array([result.rmse for result in results])
    return Table(rmse / rmse.mean(axis=1).min() - 1, np.array([result.seconds for result in results]))
