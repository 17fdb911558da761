"""Splits, trained models and fitted pipelines of the tests' tables."""

from dataclasses import replace
from typing import Any

import pytest
from sklearn.pipeline import Pipeline

from core.automl.portfolio import select_presets
from core.automl.training import TrainedModel, train
from core.catalogue import CATALOGUE, regressor
from core.manifests import Recipe
from core.model_manifest import RANDOM, Validation
from core.preprocessing.features import choose_features
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.splits import Split, SplitOptions, split_table
from core.tables.table import Table
from tests.support.tables import CSVS, frame, read, real

LIMITS = TrainingLimits(threads=1, model_bytes=64 << 20)
# Regressors whose fits on a small table take milliseconds.
FAST = ("ridge", "elastic_net", "svr", "knn")
FEW_TREES = 10


def split_of(
    table: Table,
    target: str,
    recipe: Recipe | None = None,
    rows: int | None = None,
    test_size: float = 0.2,
    validation: Validation = RANDOM,
) -> Split:
    """Split the first `rows` rows of a table, all of them by default; a fifth is the holdout by default."""
    recipe, raw = recipe or Recipe(), frame(table, rows)
    counts = {"missing": raw.isna().sum(), "distinct": raw.nunique()}
    columns = [
        column.model_copy(update={name: int(count[column.name]) for name, count in counts.items()})
        for column in table.columns
    ]
    grouped_by = validation.column if validation.kind == "group" else None
    features, notes = choose_features(
        columns, recipe, target, len(raw), lambda name: raw[name].to_numpy(float), grouped_by
    )
    return split_table(raw, SplitOptions(features, recipe, target, test_size, validation), notes)


def real_split(name: str, rows: int | None = None, recipe: Recipe | None = None) -> Split:
    """Split one of `CSVS`."""
    return split_of(real(name), CSVS[name][1], recipe, rows)


def split_text(source: str, target: str = "y", recipe: Recipe | None = None) -> Split:
    """Split the table of a CSV text."""
    return split_of(read(source), target, recipe)


def quick(name: str) -> dict[str, Any]:
    """Return parameters that make a fit quick: few trees, where the regressor has trees."""
    known = CATALOGUE[name].build({}).get_params()
    # A solver's max_iter is no number of trees.
    counts = {"n_estimators", "max_iter"} if "max_leaf_nodes" in known else set()
    return dict.fromkeys(sorted(counts & known.keys()), FEW_TREES)


def grow_few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the regressors of the catalogue grow few trees by default."""
    for name, entry in CATALOGUE.items():
        monkeypatch.setitem(CATALOGUE, name, replace(entry, defaults={**entry.defaults, **quick(name)}))


def every_fast_preset(rows: int, skewness: float) -> list[tuple[Candidate, float]]:
    """Return the presets of `FAST` regressors."""
    return [preset for preset in select_presets(rows, skewness) if preset[0].regressor.name in FAST]


def fast_presets(rows: int, skewness: float) -> list[tuple[Candidate, float]]:
    """Return the first of them of each regressor and transform: all have run long before any time limit."""
    first: dict[tuple[str, str], tuple[Candidate, float]] = {}
    for preset in every_fast_preset(rows, skewness):
        first.setdefault((preset[0].regressor.name, preset[0].target_transform), preset)
    return list(first.values())


def trained(
    data: Split, name: str, params: dict[str, Any] | None = None, limits: TrainingLimits = LIMITS
) -> TrainedModel:
    """Train one regressor of the catalogue as the service does."""
    return train(data, Candidate(regressor(name), params or {}), limits)


def fitted(data: Split, name: str, **params: Any) -> Pipeline:
    """Fit the pipeline of one regressor on the train rows, without cross-validation."""
    candidate = Candidate(regressor(name), {**quick(name), **params})
    whole = FoldCache(data).prepared(len(data.folds), codes=candidate.takes_codes)
    scaled = candidate.regressor.scaled
    estimator, _ = candidate.make_estimator(len(data.train_y), LIMITS, data.columns)
    return whole.pipeline(estimator.fit(whole.matrices(scaled=scaled)[0], whole.train_y), scaled=scaled)
