"""The files of a series outgrow memory: it goes on learning, from as many rows of each file as have room."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.jobs.commands import TrainCommand
from core.regressors.expected_memory import rows_within
from core.regressors.splits import evenly_spaced
from core.services.processing.ingest import ingest
from core.services.training import refit_stored
from core.services.training.join_files import open_as
from core.services.training.refit_stored import rows_of_each
from core.services.training.reproduce import reproduce
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.arrivals import SERIES, linear_table, read_arrival, retrain_on, serve_champion
from tests.support.storage import home
from tests.support.tables import csv, noisy


@pytest.fixture
def room(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets so many rows have room in memory, of all files together."""

    def set_room(rows: int) -> None:
        def within(*given: Any, **options: Any) -> int:
            assert options == {"kept": False, "joined": True}
            assert 0 < rows_within(*given, **options) < rows_within(*given, kept=False)
            return rows

        monkeypatch.setattr(refit_stored, "rows_within", within)

    monkeypatch.setattr(refit_stored, "FEWEST_ROWS", 10)
    return set_room


def test_later_models_learn_from_rows_of_each_file_and_are_reproduced(
    room: Callable[[int], None], tmp_path: Path
) -> None:
    serve_champion(tmp_path)
    room(300)
    decided = [read_arrival(retrain_on(f"{seed}.csv", linear_table(seed, 400))) for seed in (1, 2)]
    assert [one.state for one in decided] == ["accepted", "accepted"]
    # The file of the champion, those of the window and the new one share the memory.
    models = [home().models.manifest(SERIES, one.version) for one in decided]
    assert [model.dataset.rows_read for model in models] == [150, 100]
    assert [model.dataset.rows_train for model in models] == [120, 100 + 80]
    notes = ["150 of the 400 rows of its files were read", "200 of the 800 rows of its files were read"]
    assert all(note in " ".join(model.notes) for note, model in zip(notes, models, strict=True))
    report = home().series.report(SERIES, decided[1].job_id)
    assert report is not None
    assert "at most 100 rows of each file were read, spread evenly: memory allows no more" in report["notes"]
    room(10_000)
    assert [reproduce(home(), SERIES, model.version).differing for model in models] == [[], []]


def test_files_that_have_room_are_read_whole(room: Callable[[int], None], tmp_path: Path) -> None:
    serve_champion(tmp_path)
    room(700)
    arrival = read_arrival(retrain_on("1.csv", linear_table(1, 400)))
    model = home().models.manifest(SERIES, arrival.version)
    assert (model.dataset.rows_read, model.dataset.rows_train) == (None, 320)


@pytest.mark.parametrize(
    ("rows", "found"),
    [(6_100, None), (6_099, 4_999), (3_100, 2_000), (1_500, 700), (303, 101), (90, 30), (3, 10)],
)
def test_small_files_leave_their_room_to_the_large_ones(
    room: Callable[[int], None], tmp_path: Path, rows: int, found: int | None
) -> None:
    serve_champion(tmp_path)
    model = home().models.manifest(SERIES)
    one = home().datasets.manifest(model.dataset.file_id)
    room(rows)
    assert rows_of_each(model, [one.model_copy(update={"rows": count}) for count in (5_000, 100, 1_000)]) == found


def test_columns_that_are_read_again_have_the_same_rows_as_the_others(bucket: ObjectStore, tmp_path: Path) -> None:
    def store(source: str) -> str:
        (tmp_path / "made.csv").write_text(source)
        return ingest(home(), "made.csv", tmp_path / "made.csv").file_id

    command = TrainCommand(model_type="ridge", target_column="y", file_id=store(noisy(60)), model_name="m")
    model = train_model(home(), command)
    # Numbers where the model has texts, which are read again from the source.
    other = store(csv(x=range(60), colour=[f"{row}.50" for row in range(60)], y=range(60)))
    opened = open_as(home(), other, model)
    few = open_as(home(), other, model, most_rows=7)
    expected = opened.frame.iloc[evenly_spaced(60, 7)].reset_index(drop=True)
    assert few.frame.equals(expected)
    assert expected["colour"][1] == "8.50"
    assert few.own == opened.own
