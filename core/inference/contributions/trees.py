"""Shapley values of tree ensembles against a background of up to 64 rows, exact, with numpy alone.

A row of which some columns are replaced by those of a background row reaches a leaf if each column on the path to it
satisfies its conditions, be it the row's value or the background's. For one background row, let k columns on the path
satisfy them by the row alone, and n by the background alone (without the rest the leaf is never reached). Of the leaf's
value each of the k gets (k - 1)! n! / (k + n)!, and each of the n loses k! (n - 1)! / (k + n)!: Lundberg et al., "From
local explanations to global understanding with explainable AI for trees", Nature Machine Intelligence 2 (2020),
algorithm 3 of the supplement (interventional TreeSHAP).

All background rows of a leaf are computed at once: each is one bit of a 64-bit number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import factorial

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints
from core.inference.contributions.decisions import Nodes
from core.inference.contributions.paths import Bits, Conditions, Places, conditions_of


@dataclass(frozen=True)
class Trees:
    """Trees, prepared for explanations against one background of so many rows."""

    nodes: Nodes
    conditions: Conditions
    background_rows: int

    @classmethod
    def prepare(cls, nodes: Nodes, owners: Ints, background: Floats) -> "Trees":
        """Prepare trees for a background, (up to 64 rows, features); `owners` has the column of each feature.

        Raises `TooManyNodesError`, and `ValueError` for what are no trees.
        """
        return cls(nodes, conditions_of(nodes, owners, background), len(background))

    def background_mean(self) -> float:
        """Return the mean prediction of the background."""
        reached = np.bitwise_and.reduceat(self.conditions.satisfied, self.conditions.path_starts)
        return float(self.conditions.values @ np.bitwise_count(reached)) / self.background_rows

    def contributions(self, row: Floats, columns: int) -> Floats:
        """Return what each of the columns contributes to the prediction of a row, (features,) float64."""
        known, going = self.conditions, self.nodes.go_true(row[np.newaxis])[0]
        ours = np.logical_and.reduceat(going[known.nodes] == known.sides, known.starts)
        # The background rows that reach a leaf with some of this row's columns.
        everyone = np.uint64((1 << self.background_rows) - 1)
        mixed = np.bitwise_and.reduceat(np.where(ours, everyone, known.satisfied), known.path_starts)
        reached = mixed != 0
        kept = np.flatnonzero(reached[known.paths])
        path, owner, ours = (np.cumsum(reached) - 1)[known.paths[kept]], known.owners[kept], ours[kept]
        mixed, values = mixed[reached], known.values[reached] / self.background_rows
        alone = mixed[path] & ~known.satisfied[kept]
        return _shared(mixed, values, path, owner, ours, alone, columns)


def _shared(
    mixed: Bits, values: Floats, path: Ints, owner: Places, ours: NDArray[np.bool_], alone: Bits, columns: int
) -> Floats:
    """Share the values of leaves among columns.

    By path: the background rows that reach its leaf `mixed` with the row that is explained, and the leaf's value. By
    condition: path, column, whether it is `ours`, and which of those rows it holds for by this row `alone`.
    """
    theirs = np.bincount(path[~ours], minlength=len(mixed))
    gaining = np.flatnonzero(ours & (alone != 0))
    losing = np.flatnonzero(~ours)
    on_path, alone = path[gaining], alone[gaining]
    counted = _by_count(mixed, on_path, alone)
    gained, lost = _weights(max(len(counted), int(theirs.max(initial=0)) + 1))
    gains, losses = np.zeros(len(gaining)), np.zeros(len(mixed))
    against = theirs[on_path]
    for count, rows in enumerate(counted):
        losses += np.bitwise_count(rows) * lost[count][theirs]
        if count:
            gains += np.bitwise_count(alone & rows[on_path]) * gained[count][against]
    result: Floats = np.zeros(columns)
    result += np.bincount(owner[gaining], gains * values[on_path], columns)[:columns]
    result -= np.bincount(owner[losing], (losses * values)[path[losing]], columns)[:columns]
    return result


def _by_count(mixed: Bits, path: Ints, alone: Bits) -> Sequence[Bits]:
    """Return for 0, 1, 2, ... which of the rows `mixed` of each path are in so many of its numbers `alone`.

    Rows are counted in binary: a 64-bit number has one digit of the counts of 64 rows. `path` is sorted.
    """
    firsts = np.flatnonzero(np.diff(path, prepend=-1))
    place = np.arange(len(path)) - np.repeat(firsts, np.diff(np.append(firsts, len(path))))
    most = int(place.max(initial=-1)) + 1
    # numpy sorts numbers of 16 bits by counting them.
    order = np.argsort(place.astype(np.uint16), kind="stable")
    bounds = np.cumsum([0, *np.bincount(place)])
    digits: list[Bits] = []
    for start, end in pairwise(bounds):
        at, carry = path[order[start:end]], alone[order[start:end]]
        for digit in digits:
            before = digit[at]
            digit[at] = before ^ carry
            carry = before & carry
        if carry.any():
            digits.append(np.zeros(len(mixed), np.uint64))
            digits[-1][at] = carry
    found = [mixed]
    for digit in reversed(digits):
        found = [rows for before in found for rows in (before & ~digit, before & digit)]
    return found[: most + 1]


@cache
def _weights(size: int) -> tuple[Floats, Floats]:
    """Return (k - 1)! n! / (k + n)! and k! (n - 1)! / (k + n)! by k and n, both (size, size); 0 where k or n is 0."""
    gained, lost = np.zeros((size, size)), np.zeros((size, size))
    for k in range(size):
        for n in range(size):
            total = factorial(k + n)
            gained[k, n] = factorial(k - 1) * factorial(n) / total if k else 0.0
            lost[k, n] = factorial(k) * factorial(n - 1) / total if n else 0.0
    return gained, lost
