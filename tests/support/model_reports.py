"""Manifests and evaluations of models whose reports are looked at."""

from random import Random
from typing import Any

from core.manifests import Feature, Recipe
from core.model_manifest import (
    Baseline,
    CrossValidation,
    EnsembleMember,
    Importance,
    ModelManifest,
    TrialRecord,
)
from core.reporting.leaderboard_section import Standing
from core.reporting.model_report import ModelFacts, model_report
from core.types import Json
from tests.support.reports import LONG_VALUES
from tests.support.storage import GRAPH_BYTES, PICKLE_BYTES, model_draft

HOSTILE = '"><script>alert(1)</script>&amp; 城'
ACTUAL = [float(number) for number in range(40)]
EVALUATION: Json = {
    "plots": {
        "predicted_vs_actual": {"actual": ACTUAL, "predicted": [value + value % 4 - 1.5 for value in ACTUAL]},
        "residuals": {"edges": [-2.0, 0.0, 2.0], "counts": [30, 10], "mean": 0.0, "std": 1.2},
    },
    "segments": [
        {
            "feature": None,
            "segments": [
                {"kind": "range", "low": 0.0, "high": 9.5, "rows": 10, "mae": 1.0, "mean_error": 0.9},
                {"kind": "missing", "rows": 12, "mae": 4.0, "mean_error": -0.1},
            ],
        },
        {
            "feature": HOSTILE,
            "segments": [
                {"kind": "level", "value": HOSTILE, "rows": 10, "mae": 2.0, "mean_error": -1.9},
                {"kind": "others", "rows": 10, "mae": 1.0, "mean_error": 0.0},
            ],
        },
    ],
    "effects": {
        "rows": 64,
        "effects": [
            {"feature": HOSTILE, "type": "category", "values": ["a", HOSTILE], "mean": [1.0, 3.0], "curves": []},
            {"feature": "weight", "type": "number", "values": [0.0, 5.0, 10.0], "mean": [1, None, 5], "curves": []},
            {"feature": "day", "type": "date", "values": ["2024-01-01", "2024-03-01"], "mean": [2, 4], "curves": []},
            {"feature": "constant", "type": "number", "values": [1.0], "mean": [2.0], "curves": []},
        ],
    },
}


def manifest_of(**changes: Any) -> ModelManifest:
    values: dict[str, Any] = {
        "features": [
            Feature(name=HOSTILE, type="category", fill="a", levels=["a", HOSTILE]),
            Feature(name="weight", type="number", fill=2.5, unit="kg"),
        ],
        "metrics": {"mse": 4.0, "rmse": 2.0, "mae": 1.5, "median_ae": 1.0, "mape": None, "r2": 0.96},
        "train_metrics": {"rmse": 1.0, "mae": 0.5, "r2": 0.99},
        "baseline": Baseline(
            metrics={"rmse": 10.0, "r2": 0.0}, cross_validation=CrossValidation(scores=[0.0], mean=0, std=0)
        ),
        "interval_quantiles": [number / 100 for number in range(201)],
        "importance": [
            Importance(feature="weight", mean=0.1, std=0.01),
            Importance(feature=HOSTILE, mean=0.8, std=0.1),
        ],
        "recipe": Recipe(target_column="y", leave_out=["id"], columns={"weight": "mean"}),
        "notes": ["5 rows without a target were left out"],
        **changes,
    }
    return model_draft(GRAPH_BYTES, PICKLE_BYTES, **values)


def crowded_model_report() -> str:
    """Return the page of a model with all parts: 40 columns of long names, 30 candidates, eight members."""
    chance = Random(5)
    names = [f"第{k}号生产线上的传感器每日测得的平均温度" for k in range(20)]
    names += [f"measured_value_of_the_sensor_on_line_{k}_of_the_plant" for k in range(20)]
    parameters = {"learning_rate": 0.030_303, "max_leaf_nodes": 63, "l2_regularization": 1e-7, "loss": "squared_error"}
    folds = CrossValidation(scores=[0.9 + k / 100 for k in range(8)], mean=0.935, std=0.02)
    levels = [{"kind": "level", "value": value, "rows": 12, "mae": 3.2, "mean_error": -3} for value in LONG_VALUES]
    ranges = [
        {"kind": "range", "low": k * 1e6, "high": (k + 1) * 1e6, "rows": 9, "mae": k, "mean_error": 0} for k in range(5)
    ]
    curve = [float(k) for k in range(12)]
    evaluation = {
        **EVALUATION,
        "segments": [{"feature": name, "segments": part} for name in names[:6] for part in (levels, ranges)],
        "effects": {
            "rows": 1000,
            "effects": [
                {
                    "feature": name,
                    "type": "number",
                    "values": curve,
                    "mean": [chance.random() for _ in curve],
                    "curves": [],
                }
                for name in names
            ],
        },
    }
    manifest = manifest_of(
        features=[
            *(Feature(name=name, type="number", fill=1234.5678) for name in names[1:]),
            Feature(name=names[0], type="category", fill=LONG_VALUES[0], levels=list(LONG_VALUES)),
        ],
        importance=[Importance(feature=name, mean=chance.random(), std=0.01) for name in names],
        cross_validation=folds,
        members=[
            EnsembleMember(
                model_type="gradient_boosting",
                parameters=parameters,
                target_transform="yeo_johnson",
                weight=0.125,
                cross_validation=folds,
            )
            for _ in range(8)
        ],
        trials=[
            TrialRecord(
                parameters={**parameters, "subsample": k / 30}, rows=80, folds=8, mean=k / 30, std=0.1, seconds=k
            )
            for k in range(30)
        ],
        notes=[f"{names[k]} has {k} levels that were seen once and count as one" for k in range(20)],
    )
    rivals = [Standing(f"{names[k]}-{k}", 1, "gradient_boosting", k / 10, 1e5 / (k + 1), 10**k) for k in range(9)]
    return model_report(manifest, ModelFacts(is_champion=True, evaluation=evaluation, rivals=rivals))
