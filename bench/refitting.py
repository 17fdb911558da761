"""What the choice of a race loses between a blend that the first fold fitted, and a model that is refitted on all rows.

Fixed configurations and no clock: figures do not depend on how busy the machine is.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import mean

import numpy as np
from sklearn.metrics import r2_score

from bench._report import Figure, at_most, run
from bench.portfolio import splits_of_tables
from core.automl.ensemble_selection import ENSEMBLE, final_weights, nested_scores
from core.automl.fold_fit import fit_fold
from core.automl.forecast import Forecast
from core.automl.preset import Preset
from core.automl.screening import subsample_split, with_finer_folds
from core.automl.selection import Selection, is_better_refitted
from core.automl.trial import Trial, make_trial
from core.regressors.fold_cache import FoldCache
from core.regressors.limits import TrainingLimits
from core.regressors.metrics import cross_validation
from core.regressors.splits import Split
from core.regressors.thread_limits import one_core_per_fit, openmp_limited

# Configurations that differ as the members of a blend do.
BOOSTED = {"learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 10, "colsample_bytree": 0.5}
PRESETS = (
    Preset("lightgbm", {**BOOSTED, "n_estimators": 400}),
    Preset(
        "lightgbm", {**BOOSTED, "n_estimators": 500, "learning_rate": 0.03, "num_leaves": 7, "min_child_samples": 5}
    ),
    Preset("ridge", {"alpha": 1.0}),
    Preset("svr", {"C": 10.0, "gamma": 0.1, "max_iter": 40_000}),
)
ROWS, SEEDS = 1_400, 7
# A model whose error is larger by this factor is no rival of the blend.
RIVAL = 1.15
MODEL_BYTES = 64 << 20


@dataclass(frozen=True)
class Choice:
    """One choice: the errors (1 - R2) on the holdout of the blend as it is and of the refitted model, and what won."""

    kept: float
    refitted: float
    is_refitted: bool

    def loss(self, is_refitted: bool) -> float:
        """Return the logarithm of the error of one of them as a multiple of the better one's."""
        return log((self.refitted if is_refitted else self.kept) / min(self.kept, self.refitted))


def measure(quick: bool, tables: str | None) -> Iterator[Figure]:
    """Yield for each table the loss of the choices in percent of the error, and over all tables by the best fixed rule.

    A fixed rule always keeps the blend, or always takes the refitted model.
    """
    losses = []
    found: dict[str, list[Choice]] = {}
    for name, data in splits_of_tables(Path(tables) if tables else None, 1 if quick else SEEDS):
        found.setdefault(name, []).extend(_choices(data))
    for name, choices in found.items():
        chosen = mean(choice.loss(choice.is_refitted) for choice in choices)
        fixed = [mean(choice.loss(is_refitted) for choice in choices) for is_refitted in (False, True)]
        losses.append((chosen, *fixed))
        print(f"  {name}: loses {chosen:.1%}; always the blend {fixed[0]:.1%}, always the refit {fixed[1]:.1%}")
    chosen, kept, refitted = np.mean(losses, axis=0).tolist()
    detail = f"{chosen:.2%}; always the blend {kept:.2%}, always the refit {refitted:.2%}"
    yield at_most("loss of the choice / of the best fixed rule", chosen / min(kept, refitted), 1.0, detail)


def _choices(data: Split) -> Iterator[Choice]:
    """Yield the choice between the blend of all configurations and each of them that is its rival."""
    data = with_finer_folds(subsample_split(data, ROWS))[0]
    fold_cache, limits = FoldCache(data), TrainingLimits(threads=1, model_bytes=MODEL_BYTES)
    with one_core_per_fit(), openmp_limited():
        trials = [_trial(fold_cache, preset, limits) for preset in PRESETS]
        on_fold = np.column_stack([trial.fold_pipeline.predict(data.test_x) for trial in trials])
    weights = final_weights(fold_cache, trials)
    members = list(zip(trials, weights.tolist(), strict=True))
    blend = Selection(ENSEMBLE, members, cross_validation(nested_scores(fold_cache, trials)))
    kept = 1 - float(r2_score(data.test_y, on_fold @ weights))
    for trial in trials:
        if 1 - trial.mean <= RIVAL * (1 - blend.cross_validation.mean):
            single = Selection(trial.label, [(trial, 1.0)], cross_validation(trial.scores))
            refitted = 1 - float(r2_score(data.test_y, trial.predicted[fold_cache.holdout_fold]))
            growth = len(data.train_y) / fold_cache.train_rows(0)
            yield Choice(kept, refitted, is_better_refitted(single, blend, growth))


def _trial(fold_cache: FoldCache, preset: Preset, limits: TrainingLimits) -> Trial:
    """Return the trial of a configuration after its fits on the first fold and on all rows."""
    trial, forecast = make_trial(fold_cache, preset.candidate, limits), Forecast(1)
    for number in (0, fold_cache.holdout_fold):
        trial = trial.with_result(fit_fold(fold_cache, trial, number, limits, forecast, with_cost=number == 0))
    return trial


if __name__ == "__main__":
    options = {"tables": "the tables that tables.toml in this folder names, beside those of the repository"}
    sys.exit(run("Refitted models or a blend as the fold fitted it", measure, options=options))
