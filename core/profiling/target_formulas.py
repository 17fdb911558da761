"""Columns that give the target away together: by a sum, a product, a share, a change, or the time between two dates.

A column of totals beside one of counts is a leak of the mean, although neither column follows the target by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats
from core.profiling.correlations import sampled_rows
from core.profiling.findings import FEW_ROWS, counted, finding, way_out
from core.shares import share
from core.types import Json

# Formulas are looked for on so many rows, and of so many columns and dates.
ROWS, COLUMNS, DATES = 2000, 100, 10
# Pairs are tried on so few rows first.
TRIED_ROWS = 32
# A formula holds where it is this near to the target, as files round; it is one where it holds in nearly all rows and
# leaves hardly anything of the target's variance.
NEAR, NEARLY_ALL, LEFT = 0.002, 0.95, 1e-4
# A row more or less in the first look.
DOUBT = 0.8
# Weights of a sum are 1 or -1, exponents of a product small whole numbers.
WHOLE = 0.02
MOST_PARTS, MOST_EXPONENT = 8, 2
MOST_FOUND = 3
# Nothing is left of the target where its variance is this part of what it was.
EXACT = 1e-9
# A column that leaves less of the target by itself is a leak of its own.
ALONE = 0.02
# What stands beside the columns: the constant of a sum, or the logarithm of the factor of a product.
CONSTANT = "\0"
# The units of a time between two dates, in seconds.
SPANS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86_400.0, "weeks": 604_800.0}

Values = Mapping[str, Floats]


@dataclass(frozen=True)
class _Formula:
    """A formula of the target: its text, the columns in it, and those of them that hold the target."""

    text: str
    columns: tuple[str, ...]
    holders: tuple[str, ...]
    computed: Floats


@dataclass(frozen=True)
class _Operation:
    """An operation of two columns, whose text has {a} and {b}; a always holds the target, b if `holds_both`.

    A sum or a difference `is_additive`: it has no factor but 1 and 0.5.
    """

    text: str
    compute: Callable[[Floats, Floats], Floats]
    holds_both: bool = False
    is_symmetric: bool = False
    is_additive: bool = False


OPERATIONS = (
    _Operation("{a} + {b}", np.add, holds_both=True, is_symmetric=True, is_additive=True),
    _Operation("{a} - {b}", np.subtract, holds_both=True, is_additive=True),
    _Operation("{a} × {b}", np.multiply, holds_both=True, is_symmetric=True),
    _Operation("{a} / {b}", np.divide),
    # A change against what was before, and a share of both.
    _Operation("{a} / {b} - 1", lambda a, b: a / b - 1),
    _Operation("{a} / ({a} + {b})", lambda a, b: a / (a + b)),
)


def formula_leaks(
    target: str, values: Floats, numbers: Callable[[str], Floats], names: Sequence[str], dates: Sequence[str] = ()
) -> list[Json]:
    """Return a finding for each formula that gives the target away.

    `values` are the target's, float64 (n,) with NaN for missing, and `numbers` returns those of a column of `names`, or
    the seconds of one of `dates`.
    """
    known = np.flatnonzero(~np.isnan(values))
    rows = known[sampled_rows(len(known), ROWS)]
    y = values[rows]
    # What the largest of numbers overflow to is no formula.
    with np.errstate(all="ignore"):
        if len(rows) < FEW_ROWS or not 0 < np.ptp(y) < np.inf:
            return []
        columns = {name: numbers(name)[rows] for name in names[:COLUMNS]}
        columns = {name: x for name, x in columns.items() if _may_be_part(x, y)}
        moments = {name: numbers(name)[rows] for name in dates[:DATES]}
        found = [*_spans(moments, y), *_formulas(columns, y)][:MOST_FOUND]
        return [_finding(target, formula, y, len(known)) for formula in found]


def _formulas(columns: Values, y: Floats) -> Iterator[_Formula]:
    """Yield formulas of two columns, else one sum or product of more."""
    seen: set[str] = set()
    for formula in _pairs(columns, y):
        if not seen & set(formula.holders):
            seen.update(formula.holders)
            yield formula
    if not seen:
        for search in (_sum, _product):
            formula_of_more = search(columns, y)
            if formula_of_more is not None and _holds(formula_of_more.computed, y):
                yield formula_of_more
                return


def _spans(moments: Values, y: Floats) -> Iterator[_Formula]:
    """Yield the times between two dates that the target is; the later date holds it."""
    for late, early in permutations(moments, 2):
        seconds = moments[late] - moments[early]
        for unit, length in SPANS.items():
            whole = next((one for one in (seconds / length, seconds // length) if _holds(one, y)), None)
            if whole is not None:
                yield _Formula(f"{late!r} - {early!r} in {unit}", (late, early), (late,), whole)


def _pairs(columns: Values, y: Floats) -> Iterator[_Formula]:
    """Yield the formulas of two columns that hold."""
    some = np.linspace(0, len(y) - 1, TRIED_ROWS).astype(int)
    names = list(columns)
    table = np.array([columns[name][some] for name in names]).reshape(len(names), len(some))
    for operation in OPERATIONS:
        tried = operation.compute(table[:, None, :], table[None, :, :])
        ratios = y[some] / tried
        ratios[np.isnan(ratios).all(axis=2)] = 0.0
        scale = np.nanmedian(ratios, axis=2, keepdims=True)
        near = np.mean(np.abs(scale * tried - y[some]) <= np.maximum(NEAR * np.abs(y[some]), _unit(y)), axis=2)
        for i, j in np.argwhere(near >= DOUBT):
            if i == j or (i > j and operation.is_symmetric):
                continue
            computed = operation.compute(columns[names[i]], columns[names[j]])
            factor = _factor(float(np.nanmedian(y / computed)))
            if operation.is_additive and factor not in (1.0, 0.5):
                continue
            if _holds(factor * computed, y):
                text = operation.text.format(a=repr(names[i]), b=repr(names[j]))
                holders = (names[i], names[j]) if operation.holds_both else (names[i],)
                yield _Formula(_scaled(factor, text), (names[i], names[j]), holders, factor * computed)


def _sum(columns: Values, y: Floats) -> _Formula | None:
    """Return the target as the sum and difference of several columns, by least squares; None where it is none."""
    weights = _whole_weights(columns, y, most=1)
    if weights is None:
        return None
    computed = np.sum([weight * columns[name] for name, weight in weights.items()], axis=0)
    rest = float(np.nanmedian(y - computed))
    terms: list[tuple[float, str]] = [(weight, repr(name)) for name, weight in weights.items()]
    if abs(rest) > _unit(y):
        terms.append((rest, f"{abs(rest):.4g}"))
        computed += rest
    signed = " ".join(f"{'-' if weight < 0 else '+'} {term}" for weight, term in terms)
    return _Formula(signed.removeprefix("+ "), tuple(weights), tuple(weights), computed)


def _product(columns: Values, y: Floats) -> _Formula | None:
    """Return the target as the product and ratio of several columns, by least squares of logarithms.

    The logarithms are those of the rows without a 0.
    """
    logarithms = {name: np.log(np.where(x > 0, x, np.nan)) for name, x in columns.items() if np.nanmin(x) >= 0}
    exponents = _whole_weights(logarithms, np.log(np.where(y > 0, y, np.nan)), most=MOST_EXPONENT)
    if exponents is None:
        return None
    computed = np.prod([columns[name] ** float(exponent) for name, exponent in exponents.items()], axis=0)
    factor = _factor(float(np.nanmedian(y / computed)))
    parts = [f"{name!r}" + (f"^{exponent}" if exponent != 1 else "") for name, exponent in exponents.items()]
    holders = tuple(name for name, exponent in exponents.items() if exponent > 0)
    return _Formula(_scaled(factor, " × ".join(parts)), tuple(exponents), holders, factor * computed)


def _whole_weights(columns: Values, y: Floats, *, most: int) -> dict[str, int] | None:
    """Return the whole weights, not beyond `most`, of the columns that add up to y beside a constant.

    None where the best weights are not whole, or where there are fewer than two.
    """
    rows, complete = _complete(columns, y)
    y = y[rows]
    if not complete or not np.isfinite(y).all() or np.ptp(y) == 0:
        return None
    complete[CONSTANT] = np.ones(len(y))
    names = _pursued(complete, y)
    weights = _weights(np.column_stack([complete[name] for name in names]), y)
    found = {name: weight for name, weight in zip(names, weights.tolist(), strict=True) if name != CONSTANT}
    whole = {name: round(weight) for name, weight in found.items()}
    if any(abs(found[name] - weight) > WHOLE or abs(weight) > most for name, weight in whole.items()):
        return None
    whole = {name: weight for name, weight in whole.items() if weight}
    return whole if 2 <= len(whole) <= MOST_PARTS else None


def _complete(columns: Values, y: Floats) -> tuple[NDArray[np.bool_], dict[str, Floats]]:
    """Return rows without a gap, at least half of all, and the values there of as many columns as have such rows."""
    rows, kept = ~np.isnan(y), set()
    for name in sorted(columns, key=lambda name: int(np.isnan(columns[name]).sum())):
        both = rows & ~np.isnan(columns[name])
        if both.sum() >= max(FEW_ROWS, len(y) / 2):
            rows = both
            kept.add(name)
    return rows, {name: x[rows] for name, x in columns.items() if name in kept}


def _weights(table: Floats, y: Floats) -> Floats:
    """Return the weights of least squares without the few rows that are farthest off: odd ones hide no formula."""
    near = np.ones(len(y), bool)
    for _ in range(3):
        weights = np.asarray(np.linalg.lstsq(table[near], y[near], rcond=None)[0], np.float64)
        off = np.abs(table @ weights - y)
        near = off <= np.quantile(off, NEARLY_ALL)
    return weights


def _pursued(columns: Values, y: Floats) -> list[str]:
    """Return the columns, in their order, that explain y one after the other until nothing is left of it.

    The constant is one of them. Orthogonal matching pursuit: Pati, Rezaiifar and Krishnaprasad, Asilomar Conference
    (1993). Unlike least squares of all columns it takes columns that follow from each other.
    """
    table = np.column_stack([x - x.mean() for x in columns.values()])
    lengths = np.linalg.norm(table, axis=0)
    table = np.divide(table, lengths, where=lengths > 0, out=np.zeros_like(table))
    names, chosen = list(columns), [CONSTANT]
    left = y - y.mean()
    for _ in range(MOST_PARTS):
        strengths = np.abs(left @ table)
        strengths[[names.index(name) for name in chosen]] = -1.0
        chosen.append(names[int(strengths.argmax())])
        basis = np.column_stack([columns[name] for name in chosen])
        left = y - basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
        if np.var(left) <= EXACT * np.var(y) or len(chosen) == len(names):
            break
        left = left - left.mean()
    return [name for name in names if name in chosen]


def _may_be_part(x: Floats, y: Floats) -> bool:
    """Return whether a column varies, has values in most rows, and is no leak of its own."""
    both = ~np.isnan(x)
    if both.sum() < max(FEW_ROWS, len(x) / 2) or not 0 < np.ptp(x[both]) < np.inf:
        return False
    return not 1 - np.corrcoef(x[both], y[both])[0, 1] ** 2 < ALONE


def _holds(computed: Floats, y: Floats) -> bool:
    """Return whether a formula holds in nearly all rows that it has a value in, and leaves hardly any variance."""
    known = np.isfinite(computed)
    if known.sum() < max(FEW_ROWS, len(y) / 2):
        return False
    off = np.abs(computed[known] - y[known])
    near = off <= np.maximum(NEAR * np.abs(y[known]), _unit(y))
    # What is not near may be rows of another kind, or typing errors.
    return bool(near.mean() >= NEARLY_ALL and np.mean(off[near] ** 2) < LEFT * np.var(y[known][near]))


def _unit(y: Floats) -> float:
    """Return half of the last decimal that the target is written with."""
    decimals = next((digits for digits in range(7) if np.array_equal(np.round(y, digits), y)), None)
    return 0.0 if decimals is None else 0.51 * 10.0**-decimals


def _factor(factor: float) -> float:
    """Return a factor as people would write it, where it is that but for rounding."""
    short = float(f"{factor:.2g}")
    return short if abs(short - factor) <= NEAR * abs(factor) else factor


def _scaled(factor: float, text: str) -> str:
    """Return a formula with its factor, if it has one."""
    return text if factor == 1 else f"{factor:.4g} × ({text})"


def _finding(target: str, formula: _Formula, y: Floats, rows: int) -> Json:
    """Return the finding of a formula, about the first of the columns that hold the target."""
    known = np.isfinite(formula.computed)
    near = np.abs(formula.computed - y) <= np.maximum(NEAR * np.abs(y), _unit(y))
    part = share(int((near & known).sum()), int(known.sum()))
    name, *others = formula.holders[:1] + tuple(one for one in formula.columns if one != formula.holders[0])
    beside = " and ".join(map(repr, others)) if len(others) < 3 else f"{counted(len(others), 'other column')}"
    sentence = f"gives the target away together with {beside}: {target!r} is {formula.text} in {part} of the rows"
    suggestion = "if they are known only when the target is, leave out what holds it: " + way_out(
        {"leave_out": list(formula.holders)}
    )
    return finding("warning", "leakage", name, sentence, suggestion, rows)
