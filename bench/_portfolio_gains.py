"""What each configuration gains on a table, and what those that a race has time for reach together.

The gain of a configuration is its mean weight in ensembles. Ensemble selection adds in each step what lowers the error
most (Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004), so that a weight is the share of the
steps in which nothing else would have gained as much. Each ensemble is selected from a random fifth of the grid, as a
race has time for some of it only, and from a boosted tree such as a race begins with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench._portfolio_fits import Fits
from core.array_types import Floats, Ints
from core.automl.ensemble_selection import greedy_weights
from core.automl.trial import OVERHEAD_SECONDS

# What a race begins with is about as good as this configuration.
BEGINNING = (
    'lightgbm none {"n_estimators":150,"learning_rate":0.1,"num_leaves":15,"min_child_samples":10,'
    '"colsample_bytree":0.5}'
)
# So many ensembles, from about this share of the configurations.
SETS, SHARE = 60, 0.2
SEED = 0


@dataclass(frozen=True)
class Table:
    """The c configurations `names` on one table: mean products of the errors of two of them, (folds, c, c), by fold.

    `seconds` (c,) are those of a fit and its predictions on the CPU.
    """

    names: list[str]
    seconds: Floats
    products: Floats

    @classmethod
    def of(cls, fits: Fits) -> "Table":
        """Return what fits have shown."""
        errors = fits.errors
        return cls(fits.names, fits.seconds, errors @ errors.swapaxes(1, 2) / errors.shape[2])

    @property
    def gains(self) -> Floats:
        """Return the gain of each configuration, (c,); `ValueError` where that of the beginning was not fitted."""
        random, beginning = np.random.default_rng(SEED), self.names.index(BEGINNING)
        total, times = np.zeros(len(self.names)), np.zeros(len(self.names))
        for _ in range(SETS):
            drawn = random.random(len(self.names)) < SHARE
            drawn[beginning] = True
            members = np.flatnonzero(drawn)
            total[members] += self._weights(members).mean(axis=0)
            times[members] += 1
        return np.asarray(total / np.maximum(times, 1), np.float64)

    def raced(self, gains: Mapping[str, float]) -> list[int]:
        """Return the numbers of the configurations that gain anything, in the order of a race on this table."""
        wanted = [place for place, name in enumerate(self.names) if gains.get(name, 0.0) > 0 or name == BEGINNING]
        per_second = {
            place: gains.get(self.names[place], 0.0) / (OVERHEAD_SECONDS + self.seconds[place]) for place in wanted
        }
        return sorted(wanted, key=lambda place: (self.names[place] != BEGINNING, -per_second[place]))

    def log_rmse_within(self, order: Sequence[int], seconds: float) -> float:
        """Return the logarithm of the RMSE of the ensemble of those of an order that fit within so many CPU seconds.

        They are fitted once each, the first one in any case. A fold is predicted with weights from the others.
        """
        ran = max(1, int(np.searchsorted(np.cumsum(self.seconds[list(order)]), seconds, side="right")))
        members = np.array(order[:ran])
        weights, products = self._weights(members), self._products_of(members)
        return float(np.log(np.einsum("fi,fij,fj->f", weights, products, weights).mean()) / 2)

    def _products_of(self, members: Ints) -> Floats:
        return self.products[:, members[:, np.newaxis], members]

    def _weights(self, members: Ints) -> Floats:
        """Return the weights of these configurations from all folds but one, (folds, m)."""
        products = self._products_of(members)
        return greedy_weights(products.sum(axis=0) - products)
