"""Drift: how far a column of new rows is from the rows that the champion was trained on, by bins and by distributions.

Population stability index: Siddiqi, "Credit Risk Scorecards" (2006), with its customary thresholds. It is above 0 by
chance alone, by about (1/n + 1/m) times a chi-squared of bins - 1 degrees of freedom: Yurdakul and Naranjo,
"Statistical properties of the population stability index", Journal of Risk Model Validation 14 (2020).
Kolmogorov-Smirnov: Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of
Mathematical Statistics 19 (1948), with the asymptotic critical value.
"""

from collections import Counter
from collections.abc import Sequence
from math import log, sqrt
from typing import Any

import numpy as np

from core.array_types import Floats
from core.model_manifest import ModelManifest
from core.regressors.splits import evenly_spaced
from core.types import Json

# Below the first threshold a column is stable, above the second it has changed much.
PSI_MODERATE, PSI_LARGE = 0.1, 0.25
BINS, LEVELS = 10, 9
# So many rows are added to each bin, since an empty one has no logarithm.
HALF_A_ROW = 0.5
# One in a hundred stable columns seems to have changed.
KS_ALPHA, CHI_SQUARED_Z = 0.01, 2.326
OTHERS, MISSING = "others", "missing"
# More rows of either side would not change the result.
COMPARED_ROWS = 100_000


def drift_of_columns(model: ModelManifest, known: Sequence[Any], rows: Any) -> Json | None:
    """Return the drift of the target and of each feature but dates, which move on by themselves, the largest first.

    `known` are the frames of the files that the model was trained on, `rows` is that of the new one. None where those
    files are gone.
    """
    if not known:
        return None
    columns = []
    for name, kind in [(model.target_column, "number"), *((f.name, f.type) for f in model.features)]:
        if kind == "date":
            continue
        before = np.concatenate([frame[name].to_numpy() for frame in known])
        before, now = (side[evenly_spaced(len(side), COMPARED_ROWS)] for side in (before, rows[name].to_numpy()))
        role = "target" if name == model.target_column else "feature"
        if kind == "category":
            found = drift_of_texts(
                *([text if isinstance(text, str) else "" for text in side] for side in (before, now))
            )
        else:
            found = drift_of_numbers(before.astype(np.float64), now.astype(np.float64))
        columns.append({"name": name, "type": kind, "role": role, **found})
    columns.sort(key=lambda column: (column["role"] != "target", -column["psi"]))
    return {"reference_rows": sum(map(len, known)), "rows": len(rows), "columns": columns}


def drift_of_numbers(reference: Floats, current: Floats) -> Json:
    """Return the drift of a number, boolean or date, NaN for missing: `psi`, `ks`, `ks_critical`, `level` and the bins.

    Bins are tenths of the reference, and one for missing values. `ks` is None where one side is empty.
    """
    known, new = reference[~np.isnan(reference)], current[~np.isnan(current)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1))) if len(known) else np.array([])
    inner = edges[1:-1] if len(edges) > 2 else edges[1:]
    counts = [
        np.bincount(np.searchsorted(inner, side, side="right"), minlength=len(inner) + 1) for side in (known, new)
    ]
    gaps = [len(reference) - len(known), len(current) - len(new)]
    bins = {"edges": edges.tolist(), "missing": any(gaps)}
    was, is_ = ([*count, gap] if any(gaps) else [*count] for count, gap in zip(counts, gaps, strict=True))
    statistic = _ks(known, new)
    critical = None if statistic is None else _ks_critical(len(known), len(new))
    return {**_psi(was, is_), "ks": statistic, "ks_critical": critical, "bins": bins}


def drift_of_texts(reference: Sequence[str], current: Sequence[str]) -> Json:
    """Return the drift of a category, "" for missing.

    Bins are the most frequent levels of the reference, and all others.
    """
    was, is_ = Counter(reference), Counter(current)
    levels = [level for level, _ in was.most_common() if level][:LEVELS]
    names = [*levels, OTHERS, MISSING]
    counts = []
    for side in (was, is_):
        known = [side[level] for level in levels]
        counts.append([*known, sum(side.values()) - sum(known) - side[""], side[""]])
    kept = [place for place in range(len(names)) if counts[0][place] or counts[1][place]]
    was_, now = ([count[place] for place in kept] for count in counts)
    bins = {"levels": [names[place] for place in kept]}
    return {**_psi(was_, now), "ks": None, "ks_critical": None, "bins": bins}


def _psi(was: Sequence[int], is_: Sequence[int]) -> Json:
    """Return the stability index of two counts of the same bins, its level, and the share of each bin."""
    before, after = (np.asarray(side, np.float64) for side in (was, is_))
    n, m, bins = float(before.sum()), float(after.sum()), len(before)
    shares = [(side + HALF_A_ROW) / (side.sum() + HALF_A_ROW * bins) for side in (before, after)]
    psi = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    chance = (1 / max(n, 1) + 1 / max(m, 1)) * _chi_squared(bins - 1)
    level = "none"
    if psi > max(PSI_MODERATE, chance):
        level = "large" if psi > max(PSI_LARGE, chance) else "moderate"
    seen = {"reference": (before / max(n, 1)).tolist(), "current": (after / max(m, 1)).tolist()}
    return {"psi": psi, "level": level, "shares": seen}


def _ks(known: Floats, new: Floats) -> float | None:
    """Return the largest distance of the two empirical distribution functions."""
    if not len(known) or not len(new):
        return None
    known, new = np.sort(known), np.sort(new)
    both = np.concatenate([known, new])
    below = [np.searchsorted(side, both, side="right") / len(side) for side in (known, new)]
    return float(np.abs(below[0] - below[1]).max())


def _ks_critical(n: int, m: int) -> float:
    """Return the distance that two samples of one distribution exceed once in a hundred times."""
    return sqrt(-log(KS_ALPHA / 2) / 2) * sqrt((n + m) / (n * m))


def _chi_squared(freedom: int) -> float:
    """Return the 0.99 quantile of a chi-squared, by Wilson and Hilferty, PNAS 17 (1931)."""
    if freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + CHI_SQUARED_Z * sqrt(spread)) ** 3
