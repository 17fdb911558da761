"""Relations of each column to the target: correlations, mutual information, the mean target along it, likely leaks."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.array_types import Floats, Ints
from core.manifests import Column
from core.profiling import statistics
from core.profiling.column_threads import map_columns
from core.profiling.correlations import SAMPLE_ROWS, pearson_of, sampled_rows, spearman_of
from core.profiling.distribution import Distribution, scaled, unsafe_exponent
from core.profiling.findings import FEW_ROWS, MOSTLY, counted, finding, way_out
from core.profiling.outliers import IQR_THRESHOLD, iqr_bounds
from core.profiling.rows import row_numbers
from core.profiling.sentinels import find_sentinels, without
from core.profiling.target_formulas import formula_leaks
from core.severity import Severity, worst_first
from core.shares import share
from core.tables.table import Table
from core.types import Json

# Mutual information searches neighbours and converges long before this.
INFORMATION_ROWS = 20_000
# A search needs some neighbours to find.
FEWEST_ROWS = 10
# How many levels of a category are distinguished; rarer ones count as one.
INFORMATION_LEVELS = 200
CURVE_BINS = 20
LEAK = 0.99
SKEWED = 2.0
FEW_VALUES = 10


def target_relations(table: Table, target: str) -> Json:
    """Return the relations of all columns to the target (integer, number or boolean) over the rows that have it.

    `target`, `rows` (those that have it), `relations` by column, and `findings`. A relation of a number, boolean (1 or
    0) or date (in seconds) has `pearson` (all rows), `spearman` (up to `SAMPLE_ROWS` rows at even distances) and
    `curve`: `count` and `mean` target from one quantile to the next, up to 20, or at each value where there are no
    more. A category has `levels`: the ten most frequent, likewise. `mutual_information` is in nats, by scikit-learn's
    `mutual_info_regression` on up to 20,000 rows at even distances; rows without the column's value are left out, but
    to a category that is a level of its own.
    """
    values = table.values(target)
    assert isinstance(values, np.ndarray)
    others = [column for column in table.columns if column.name != target]
    found = map_columns(partial(_relation, table, values), others, table.rows)
    relations = {column.name: relation for column, relation in zip(others, found, strict=True)}
    numeric = [column.name for column in others if column.type in ("integer", "number")]
    dates = [column.name for column in others if column.type == "date"]
    formulas = formula_leaks(target, values, table.numbers, numeric, dates)
    missing = np.flatnonzero(np.isnan(values))
    # From here on `values` are sorted.
    distribution = Distribution.of(values)
    sentinels = find_sentinels(distribution, next(column for column in table.columns if column.name == target))
    leaks = _leaks(relations)
    if sentinels:
        leaks = [entry for entry in leaks if not _has_sentinels(table, entry["column"])]
    leaks += formulas
    findings = [*leaks, *_target_findings(target, table, missing, without(distribution, sentinels))]
    return {
        "target": target,
        "rows": table.rows - len(missing),
        "relations": relations,
        "findings": worst_first(findings),
    }


def _has_sentinels(table: Table, name: str) -> bool:
    """Return whether a column has sentinels: to a target that has some too, it is related by those alone."""
    column = next(column for column in table.columns if column.name == name)
    return column.type != "category" and bool(find_sentinels(Distribution.of(table.numbers(name)), column))


def _relation(table: Table, target: Floats, column: Column) -> Json:
    """Return the relation of one column to the target."""
    if column.type == "category":
        return _text_relation(table, target, column.name)
    values = table.values(column.name)
    assert isinstance(values, np.ndarray)
    values[np.isnan(target)] = np.nan
    both = np.flatnonzero(~np.isnan(values))
    ranked, information_rows = (both[sampled_rows(len(both), most)] for most in (SAMPLE_ROWS, INFORMATION_ROWS))
    del both
    discrete = column.type == "boolean"
    return {
        "pearson": pearson_of(values, target),
        "spearman": spearman_of(values[ranked], target[ranked]),
        "mutual_information": _mutual_information(
            values[information_rows], target[information_rows], discrete=discrete
        ),
        "curve": _curve(values, target, values[ranked], dates=column.type == "date"),
    }


def _text_relation(table: Table, target: Floats, name: str) -> Json:
    """Return the relation of a category to the target."""
    codes, levels = table.encoded(name)
    counts, means = _means(codes, target, len(levels))
    order = np.argsort(-counts, kind="stable")[: statistics.TOP_VALUES]
    known = np.flatnonzero(~np.isnan(target))
    information_rows = known[sampled_rows(len(known), INFORMATION_ROWS)]
    return {
        "pearson": None,
        "spearman": None,
        "mutual_information": _mutual_information(
            _frequent_level_codes(codes[information_rows]), target[information_rows], discrete=True
        ),
        "levels": [
            {"value": levels[code].as_py(), "count": int(counts[code]), "mean": float(means[code])}
            for code in order.tolist()
            if counts[code]
        ],
    }


def _curve(x: Floats, y: Floats, sample: Floats, *, dates: bool) -> list[Json]:
    """Return the mean target in each bin of the column; a bin excludes its upper edge, but the last one includes it.

    `sample` are some of the values in `x`, none of them missing: the inner edges are its quantiles.
    """
    if not len(sample):
        return []
    distribution = Distribution.of(sample)
    starts = ends = distribution.values
    if len(starts) > CURVE_BINS:
        edges = np.unique([distribution.quantile(share) for share in np.linspace(0, 1, CURVE_BINS + 1)])
        edges[0], edges[-1] = np.fmin.reduce(x), np.fmax.reduce(x)
        starts, ends = edges[:-1], edges[1:]
    bins = np.maximum(np.searchsorted(starts, x, side="right") - 1, 0)
    bins[np.isnan(x)] = -1
    counts, means = _means(bins, y, len(starts))
    as_json = statistics.iso if dates else float
    return [
        {"from": as_json(start), "to": as_json(end), "count": int(count), "mean": float(mean)}
        for start, end, count, mean in zip(starts, ends, counts, means, strict=True)
        if count
    ]


def _means(groups: Ints | NDArray[np.int32], target: Floats, size: int) -> tuple[Ints, Floats]:
    """Return the row count and mean target of each group; rows without target, or of group -1, are left out."""
    known = (groups >= 0) & ~np.isnan(target)
    groups, y = np.where(known, groups, size), np.where(known, target, 0.0)
    exponent = unsafe_exponent(y.min(initial=0), y.max(initial=0))
    counts = np.bincount(groups, minlength=size + 1)[:size]
    sums = np.bincount(groups, weights=scaled(y, exponent), minlength=size + 1)[:size]
    return counts, scaled(sums / np.maximum(counts, 1), -exponent)


def _mutual_information(x: Floats | Ints, y: Floats, *, discrete: bool) -> float | None:
    """Return the mutual information in nats; None for too few rows, or where one of the two is constant."""
    distinct = len(np.unique(x))
    if len(y) < FEWEST_ROWS or distinct < 2 or (discrete and distinct > MOSTLY * len(y)) or y.min() == y.max():
        return None
    from sklearn.feature_selection import mutual_info_regression

    inputs = x[:, None] if discrete else _scaled_down(x)[:, None]
    return float(mutual_info_regression(inputs, _scaled_down(y), discrete_features=discrete, random_state=0)[0])


def _scaled_down(values: Floats | Ints) -> Floats:
    """Scale values down to a range where scikit-learn can compute a variance."""
    floats = np.asarray(values, np.float64)
    return scaled(floats, unsafe_exponent(floats.min(), floats.max()))


def _frequent_level_codes(codes: NDArray[np.int32]) -> Ints:
    """Return the codes of the most frequent levels, 0 for missing, and -1 for all other levels."""
    found, positions, counts = np.unique(codes, return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:INFORMATION_LEVELS]
    kept = np.full(len(found), -1)
    kept[frequent] = found[frequent] + 1
    return kept[positions]


def _leaks(relations: dict[str, Json]) -> list[Json]:
    """Return a finding for each column that is almost perfectly correlated with the target."""
    found = []
    for name, relation in relations.items():
        count = sum(point["count"] for point in relation.get("curve", []))
        for coefficient_name in ("pearson", "spearman"):
            coefficient = relation[coefficient_name]
            if count >= FEW_ROWS and coefficient is not None and abs(coefficient) > LEAK:
                sentence = f"all but gives the target away ({coefficient_name.title()}'s correlation {coefficient:.4f})"
                suggestion = (
                    "if it is not known when a prediction is made, or is the target in another form, leave it out: "
                    + way_out({"leave_out": [name]})
                )
                found.append(finding("warning", "leakage", name, sentence, suggestion, count))
                break
    return found


def _target_findings(target: str, table: Table, missing: NDArray[np.intp], distribution: Distribution) -> list[Json]:
    """Return findings about the target itself: `missing` rows, few values, a long tail.

    `distribution` is of its values without the sentinels.
    """
    found = []
    if len(missing):
        sentence = (
            f"is the target and has no value in {counted(len(missing), 'row')} ({share(len(missing), table.rows)})"
        )
        suggestion = "these rows are left out of training; fill them in if you know the values"
        severity: Severity = "warning" if len(missing) > MOSTLY * table.rows else "info"
        found.append(
            finding(severity, "target-missing", target, sentence, suggestion, len(missing), row_numbers(missing))
        )
    if distribution.count >= FEW_ROWS and len(distribution.values) <= FEW_VALUES:
        sentence = (
            f"is the target and has only {counted(len(distribution.values), 'different value')}: it looks like a class"
        )
        suggestion = (
            "a regressor predicts numbers in between; that is right for a count or a grade, and not for a class"
        )
        found.append(finding("warning", "target-few-values", target, sentence, suggestion, len(distribution.values)))
    elif distribution.count and abs(skew := distribution.moments().skew or 0) > SKEWED:
        sentence = f"is the target and has a long tail of {'large' if skew > 0 else 'small'} values (skew {skew:.2f})"
        suggestion = "the few far values decide most of the error: look at mae beside r2, or upload its logarithm"
        lower, upper = iqr_bounds(distribution.quantile(0.25), distribution.quantile(0.75), IQR_THRESHOLD)
        found.append(finding("info", "target-skewed", target, sentence, suggestion, distribution.outside(lower, upper)))
    return found
