"""A corrupted file is neither trained on nor does its model serve."""

from pathlib import Path

import numpy as np
import pytest

from core.model_manifest import SearchRecord
from core.regressors.metrics import interval_quantiles
from core.services.retraining.plausibility import plausibility
from tests.support.arrivals import (
    SERIES,
    linear_table,
    read_arrival,
    retrain_on,
    serve_champion,
    serving_version,
    shuffled_table,
    version_numbers,
)
from tests.support.storage import home, model_draft

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock", "two_folds")
CORRUPTIONS = {
    "a fifth of the targets in cents": lambda rows: rows.assign(y=rows["y"].where(rows.index % 5 > 0, 100 * rows["y"])),
    "targets of the wrong sign": lambda rows: rows.assign(y=-rows["y"]),
    "half of the targets of other rows": lambda rows: rows.assign(y=[*rows["y"][:100], *rows["y"][:99:-1]]),
    "a feature in another unit": lambda rows: rows.assign(x=0.3048 * rows["x"]),
    "a feature that is stuck": lambda rows: rows.assign(x=0.7),
    "a feature that is mostly missing": lambda rows: rows.assign(x=rows["x"].where(rows.index % 4 == 0)),
    "levels by other names": lambda rows: rows.assign(colour=rows["colour"].map({"red": "blue", "blue": "red"})),
}


def test_a_file_whose_targets_are_of_other_rows_is_refused(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on("1.csv", shuffled_table(1))
    assert (job.status, read_arrival(job).state, read_arrival(job).learned) == ("failed", "refused", False)
    assert "not clearly better than always saying its mean" in job.error["detail"]
    assert (serving_version(), version_numbers()) == (1, [1])


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_a_corrupted_file_is_neither_learned_from_nor_promoted(what: str, tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on("1.csv", CORRUPTIONS[what](linear_table(1)))
    assert read_arrival(job).state in ("held", "refused")
    assert (read_arrival(job).learned, serving_version(), version_numbers()) == (False, 1, [1])
    assert retrain_on("2.csv", linear_table(2)).result["state"] == "accepted"
    assert home().models.manifest(SERIES, 2).dataset.earlier == []


def test_good_files_are_plausible_to_a_champion_that_is_known_from_fifteen_rows() -> None:
    assert sum(_jumped(seed, factor=1.0) for seed in range(200)) <= 10


def test_corrupted_files_are_a_jump_to_a_champion_that_is_known_from_fifteen_rows() -> None:
    assert sum(_jumped(seed, factor=10.0) for seed in range(200)) >= 190


def _jumped(seed: int, *, factor: float) -> bool:
    """Return whether 150 rows are a jump whose errors are `factor` times those of a fold of 15 rows."""
    random = np.random.default_rng(seed)
    known, holdout = random.standard_normal(15), random.standard_normal(30)
    race = SearchRecord(
        rows_compared=120, rows_learned=120, folds=1, repeats=0, member_bytes=1, time_limit=1.0, seconds=1.0
    )
    metrics = {"mse": float(np.mean(holdout**2))}
    model = model_draft(b"", b"", interval_quantiles=interval_quantiles(known), metrics=metrics, race=race)
    predicted = 5 * random.standard_normal(150)
    return plausibility(model, predicted + factor * random.standard_normal(150), predicted).jumped
