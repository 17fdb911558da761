"""Training and comparing by time or by group: what is refused, kept in the manifest, and warned of."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInputError, RegattaError, UnknownColumnError
from core.jobs.commands import CompareCommand, TrainCommand
from core.model_manifest import Validation
from core.services.processing.ingest import ingest
from core.services.training.compare import compare_models
from core.services.training.reproduce import reproduce
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS, clustered, csv, first_rows, wandering


def stored(folder: Path, source: str) -> str:
    (folder / "made.csv").write_text(source)
    return ingest(home(), "made.csv", folder / "made.csv").file_id


@pytest.mark.parametrize(
    ("validation", "column", "error", "message"),
    [
        ("time", "nowhere", UnknownColumnError, "The columns are: day, word"),
        ("time", "word", InvalidInputError, "is text.*Dates in this table: day"),
        ("time", "flag", InvalidInputError, "is true or false"),
        ("time", "same", InvalidInputError, "same value in every row"),
        ("time", "y", InvalidInputError, "is the target"),
        ("time", "half", InvalidInputError, "2 different values.*more times"),
        ("group", "nowhere", UnknownColumnError, "The columns are"),
        ("group", "same", InvalidInputError, "same value in every row"),
        ("group", "half", InvalidInputError, "2 different values.*more groups"),
        ("group", "y", InvalidInputError, "is the target"),
    ],
)
def test_a_column_that_divides_nothing_is_refused(
    bucket: ObjectStore, tmp_path: Path, validation: Any, column: str, error: type[RegattaError], message: str
) -> None:
    rows = np.arange(60)
    source = csv(
        day=np.datetime64("2024-01-01") + rows,
        word=[f"w{i % 5}" for i in rows],
        flag=rows % 3 == 0,
        same=[7] * 60,
        half=rows // 30,
        y=np.sin(rows),
    )
    named = {f"{validation}_column": column}
    with pytest.raises(error, match=message) as caught:
        train_model(
            home(),
            TrainCommand(
                model_type="ridge", target_column="y", file_id=stored(tmp_path, source), validation=validation, **named
            ),
        )
    assert caught.value.status == 422
    assert caught.value.errors[0]["field"] == f"{validation}_column"


def test_a_model_keeps_how_it_was_judged_and_is_reproduced_so(bucket: ObjectStore, tmp_path: Path) -> None:
    file_id = stored(tmp_path, wandering(200))
    manifest = train_model(
        home(),
        TrainCommand(model_type="knn", target_column="y", file_id=file_id, validation="time", time_column="t"),
    )
    assert manifest.validation == Validation(kind="time", column="t")
    again = reproduce(home(), manifest.model_name)
    assert again.differing == []
    assert again.stored["fold 5"] == manifest.cross_validation.scores[4]
    plain = train_model(home(), TrainCommand(model_type="knn", target_column="y", file_id=file_id))
    assert plain.cross_validation.scores != manifest.cross_validation.scores
    assert reproduce(home(), plain.model_name).differing == []


def test_a_race_goes_by_the_same_folds_and_says_so(bucket: ObjectStore, tmp_path: Path) -> None:
    file_id = stored(tmp_path, clustered())
    command = CompareCommand(target_column="y", validation="group", group_column="g", ensemble=True, file_id=file_id)
    answer = compare_models(home(), command)
    assert answer["validation"] == {"kind": "group", "column": "g"}
    assert answer["failed"] == []
    rows = {row["model_type"]: row for row in answer["results"]}
    alone = train_model(
        home(),
        TrainCommand(model_type="ridge", target_column="y", file_id=file_id, validation="group", group_column="g"),
    )
    assert alone.cross_validation.scores == pytest.approx(rows["ridge"]["cross_validation"]["scores"], abs=1e-12)
    assert rows["baseline"]["cross_validation"]["mean"] < 0


@pytest.mark.parametrize("name", ["bike_sharing", "taxis", "diamonds", "concrete"])
def test_training_with_random_folds_says_where_a_table_is_ordered_in_time(
    bucket: ObjectStore, tmp_path: Path, name: str
) -> None:
    target = CSVS[name][1]
    (tmp_path / "first.csv").write_bytes(first_rows(name, 1000))
    dataset = ingest(home(), "first.csv", tmp_path / "first.csv")
    column = {"bike_sharing": "dteday", "taxis": "pickup"}.get(name)
    assert dataset.time_column == column
    manifest = train_model(home(), TrainCommand(model_type="ridge", target_column=target, file_id=dataset.file_id))
    named = [note for note in manifest.notes if "may flatter" in note]
    assert len(named) == (column is not None)
    if column is not None:
        assert f"validation=time with time_column={column}" in named[0]
        in_time = TrainCommand(
            model_type="ridge", target_column=target, validation="time", time_column=column, file_id=dataset.file_id
        )
        manifest = train_model(home(), in_time)
        assert not any("may flatter" in note for note in manifest.notes)
