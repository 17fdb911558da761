"""Several files as one table to learn from: by a model's own rules, and without rows that give the holdout away."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInputError, NoSuchFileError, UnknownColumnError
from core.jobs.commands import TrainCommand
from core.jobs.effort import BATCH_VARIABLE
from core.manifests import Recipe
from core.services.processing.ingest import ingest
from core.services.training.join_files import open_as, open_joined
from core.services.training.publish import Publication, publish_model
from core.services.training.refit_stored import limit_rows, refit_as, retrain_as
from core.services.training.reproduce import reproduce
from core.services.training.train import train_model
from core.settings import settings
from tests.support.storage import home
from tests.support.tables import clustered, csv, noisy, wandering

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.fixture
def stored(tmp_path: Path):
    def store(source: str) -> str:
        (tmp_path / "made.csv").write_text(source)
        return ingest(home(), "made.csv", tmp_path / "made.csv").file_id

    return store


def test_earlier_files_teach_and_never_judge(stored) -> None:
    first, second = stored(noisy(100)), stored(noisy(60, seed=1))
    model = train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=first, model_name="m"))
    dataset, data = open_joined(home(), second, [first], model)
    assert dataset.file_id == second
    assert (len(data.train_y), len(data.test_y)) == (100 + 48, 12)
    assert set(data.test_y) <= set(open_as(home(), second, model).frame["y"])


def test_rows_that_are_not_before_the_holdout_are_not_learned_from(stored) -> None:
    lines = wandering(300).splitlines()
    early, late = "\n".join(lines[:200]), "\n".join([lines[0], *lines[201:]])
    files = stored(early), stored(late)
    command = TrainCommand(
        model_type="ridge", target_column="y", model_name="m", validation="time", time_column="t", file_id=files[1]
    )
    model = train_model(home(), command)
    _, data = open_joined(home(), files[1], [files[0]], model)
    assert len(data.train_y) == 199 + 80
    assert (np.diff(data.train_x["t"]) >= 0).all()
    _, backwards = open_joined(home(), files[0], [files[1]], model)
    assert backwards.train_x["t"].max() < backwards.test_x["t"].min()
    assert any("not before the holdout" in note for note in backwards.notes)


def test_groups_of_the_holdout_are_not_learned_from(stored) -> None:
    file = stored(clustered())
    command = TrainCommand(
        model_type="ridge", target_column="y", model_name="m", validation="group", group_column="g", file_id=file
    )
    model = train_model(home(), command)
    _, alone = open_joined(home(), file, [], model)
    _, data = open_joined(home(), file, [file], model)
    assert len(data.train_y) == 2 * len(alone.train_y)
    assert len(data.folds) == 5


def test_gaps_are_handled_by_the_champions_recipe(stored) -> None:
    first = stored(noisy(60))
    home().datasets.set_recipe(first, Recipe(handle_missing="drop", target_column="y"))
    model = train_model(home(), TrainCommand(model_type="ridge", file_id=first, model_name="m"))
    holed = stored(csv(x=[*range(59), None], colour=["red", "green"] * 30, y=range(60)))
    _, data = open_joined(home(), holed, [], model)
    assert len(data.train_y) + len(data.test_y) == 59


def test_a_file_without_what_the_model_takes_is_refused(stored) -> None:
    first = stored(noisy(60))
    model = train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=first, model_name="m"))
    with pytest.raises(UnknownColumnError, match="colour"):
        open_as(home(), stored(csv(x=range(30), y=range(30))), model)
    with pytest.raises(InvalidInputError, match="'y' is text"):
        open_as(home(), stored(csv(x=range(30), colour=["red", "blue"] * 15, y=["a", "b"] * 15)), model)
    with pytest.raises(NoSuchFileError):
        open_as(home(), "00000000", model)


def test_a_challenger_learns_from_no_more_rows_than_it_has_time_for(stored, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = stored(noisy(1500)), stored(noisy(200, seed=1))
    before = train_model(home(), TrainCommand(model_type="ridge", target_column="y", file_id=first, model_name="m"))
    dataset, data = open_joined(home(), second, [first], before)
    assert limit_rows(before, data) is data
    monkeypatch.setattr("core.services.training.refit_stored.MOST_SECONDS", 1e-6)
    fewer = limit_rows(before, data)
    assert 900 <= len(fewer.train_y) <= 1000
    assert "there was no time" in fewer.notes[-1]
    # A container of AWS Batch has more of it: so many times the 15 minutes of a function.
    monkeypatch.setenv(BATCH_VARIABLE, "f1e2d3")
    monkeypatch.setenv("REGATTA_JOB_SECONDS", str(10**12))
    settings.cache_clear()
    assert limit_rows(before, data) is data
    publish_model(Publication(home().models, dataset, 0.2, earlier=[first]), "m", fewer, retrain_as(before, fewer))
    assert reproduce(home(), "m", 2).differing == []


@pytest.mark.parametrize("model_type", ["ridge", "svr", "decision_tree"])
def test_a_model_of_other_rows_has_the_same_parameters_and_can_be_reproduced(stored, model_type: str) -> None:
    first, second = stored(noisy(100)), stored(noisy(80, seed=1))
    before = train_model(home(), TrainCommand(model_type=model_type, target_column="y", file_id=first, model_name="m"))
    dataset, data = open_joined(home(), second, [first], before)
    trained = retrain_as(before, data)
    after = publish_model(Publication(home().models, dataset, 0.2, earlier=[first], promote=False), "m", data, trained)
    assert (after.parameters, after.target_transform) == (before.parameters, before.target_transform)
    assert len(after.cross_validation.scores) == 5
    assert home().models.serving("m") == 1
    assert reproduce(home(), "m", 2).differing == []
    predictions = refit_as(before, data).predict(open_as(home(), second, before).frame.loc[data.test_x.index])
    assert np.sqrt(np.mean((predictions - data.test_y) ** 2)) == pytest.approx(after.metrics["rmse"])
