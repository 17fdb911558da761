"""A file is read by the meaning of the model that predicts it: alike on every road, or refused with the cells."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidRecordsError
from core.jobs.commands import TrainCommand
from core.manifests import Reading
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.containers import workbook
from tests.support.prediction_roads import Roads, Row, csv_text
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("two_folds")
CASES = Path(__file__).parents[4] / "data" / "cases"


def case(beginning: str) -> tuple[Path, str]:
    """Return the file whose name begins so, and its delimiter."""
    (path,) = CASES.glob(f"{beginning}*")
    return path, ";" if ";" in path.read_text(encoding="utf-8").splitlines()[0] else ","


def trained(path: Path, bucket: ObjectStore, folder: Path, reading: Reading | None = None) -> Roads:
    """Return the roads to a tree that was trained on a file whose last column is the target."""
    dataset = ingest(home(), path.name, path, reading or Reading())
    command = TrainCommand(
        model_type="decision_tree",
        target_column=dataset.columns[-1].name,
        file_id=dataset.file_id,
        model_name="tree",
    )
    train_model(home(), command)
    return Roads(bucket, "tree", folder)


def trained_on(
    columns: Mapping[str, Sequence[str]], bucket: ObjectStore, folder: Path, reading: Reading | None = None
) -> Roads:
    """Return the roads to a tree that knows these columns; its target is the number of the row."""
    count = len(next(iter(columns.values())))
    rows = [{**{name: texts[i] for name, texts in columns.items()}, "y": str(i)} for i in range(count)]
    path = folder / "train.csv"
    path.write_bytes(csv_text(rows, ";"))
    return trained(path, bucket, folder, reading)


@pytest.mark.parametrize(
    ("train", "score", "expected"),
    [
        ("A2_train", "A2_score_one_row", [432.0]),
        ("A2_train", "A2_score_day_first", None),
        ("A3_train", "A3_score", [129.9, 256.3, 330.1, 922.8, 580.0]),
        ("A4_train", "A4_score", None),
    ],
)
def test_the_cases_predict_alike_on_every_road(
    train: str, score: str, expected: list[float] | None, bucket: ObjectStore, tmp_path: Path
) -> None:
    roads = trained(case(train)[0], bucket, tmp_path)
    path, delimiter = case(score)
    target = case(train)[0].read_text(encoding="utf-8").splitlines()[0].split(case(train)[1])[-1]
    found = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), delimiter=delimiter)
    rows = [{name: text for name, text in row.items() if name != target} for row in found]
    answers = roads.all(rows, delimiter)
    alone = roads.one_by_one(rows)
    assert all(answer == alone for answer in answers.values()), answers
    assert not any("never saw" in warning for warning in roads.warnings)
    if expected is not None:
        assert alone == pytest.approx(expected)
    else:
        assert len(set(alone)) > 1


DAYS = [f"{day:02}/{month:02}/2023" for month in range(1, 13) for day in (1, 5, 9, 13, 28)]
NUMBERS = np.linspace(1, 9, 60)


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        # Days up to 12 only, in other spellings of the same order.
        (DAYS, ["05/11/2023", "01/12/2023", "9/9/2023"]),
        (DAYS, ["05-11-2023", "01-12-2023"]),
        (DAYS, ["2023-11-05", "2023-12-01 10:00"]),
        ([day[:6] + "23" for day in DAYS], ["05/11/23", "01/02/23"]),
        ([f"{day[6:]}-{day[3:5]}" for day in DAYS], ["2023-01", "2023-11"]),
        # Marks and units.
        ([f"{n:.2f}".replace(".", ",") for n in NUMBERS], ["1,234", "8,500"]),
        ([f"{n:.2f}".replace(".", ",") for n in NUMBERS], ["1.234", "8.500,5"]),
        ([f"{n:.2f}".replace(".", ",") for n in NUMBERS], ["4", "7"]),
        ([f"{1000 * n:,.2f}" for n in NUMBERS], ["1,234", "8,500"]),
        ([f"{n:.1f} kg" for n in NUMBERS], ["3", "7 kg"]),
        ([f"{n:.1f} kg" for n in NUMBERS], ["3", "7"]),
        ([f"{n:.1f}%" for n in NUMBERS], ["3", "7"]),
        ([f"{n:.4f}" for n in NUMBERS], ["3e0", "7", " 5 "]),
        ([f"{n:.4f}" for n in NUMBERS], ["003", "007"]),
        # Times of day.
        ([f"{i % 24:02}:{i:02}" for i in range(60)], ["05:10", "17:30"]),
        ([f"{i % 24:02}:{i:02}" for i in range(60)], ["3600", "7200"]),
        # Levels that look like something else when they are alone.
        (["1.50", "2.00", "open"] * 20, ["1.50", "2.00"]),
        (["5%", "10%", "none of it"] * 20, ["5%", "10%"]),
        (["007", "042", "x1"] * 20, ["007", "042"]),
        (["1e3", "1e4", "x1"] * 20, ["1e3", "1e4"]),
        (["2022-03-04", "2022-03-05", "later"] * 20, ["2022-03-04", "2022-03-05"]),
        (["03/04/2022", "04/04/2022", "later"] * 20, ["03/04/2022", "04/04/2022"]),
        (["yes", "no", "maybe"] * 20, ["yes", "no"]),
        (["1,000", "2,000", "more"] * 20, ["1,000", "2,000"]),
        (["有", "无"] * 30, ["无", "有"]),
        (["a", "None", "b"] * 20, ["None", "a"]),
        # Words for true and false.
        (["是", "否"] * 30, ["是", "否"]),
        (["yes", "no"] * 30, ["是", "否"]),
        (["yes", "no"] * 30, ["1", "0"]),
    ],
)
def test_a_value_predicts_alike_on_every_road(
    texts: list[str], rows: list[str], bucket: ObjectStore, tmp_path: Path
) -> None:
    roads = trained_on({"x": texts, "k": [str(i % 7) for i in range(len(texts))]}, bucket, tmp_path)
    sent = [{"x": text, "k": str(k)} for k, text in enumerate(rows)]
    alone = roads.one_by_one(sent)
    answers = roads.all(sent, ";")
    assert all(answer == alone for answer in answers.values()), answers


def test_missing_values_and_answers_of_the_models_file_are_those_of_every_file(
    bucket: ObjectStore, tmp_path: Path
) -> None:
    columns = {"n": [*map(str, range(58)), "-999", "-999"], "c": ["a", "b", "-"] * 20, "k": ["1", "2", "?"] * 20}
    roads = trained_on(columns, bucket, tmp_path, Reading(missing=["-999", "b"], keep=["-"]))
    sent = [{"n": "-999", "c": "-", "k": "1"}, {"n": "4", "c": "b", "k": "?"}, {"n": "40", "c": "a", "k": "2"}]
    answers = roads.all(sent, ";")
    assert all(answer == answers["records"] for answer in answers.values()), answers
    assert "'n' has 1 missing value" in "".join(roads.warnings)
    roads.records([{"n": -999, "c": "-", "k": "1"}])  # type: ignore[dict-item]
    assert "'n' has 1 missing value" in "".join(roads.warnings)


def rows_of(texts: Sequence[str]) -> list[Row]:
    return [{"x": text, "k": "1"} for text in texts]


def test_cells_that_cannot_be_read_count_as_missing_and_are_named(bucket: ObjectStore, tmp_path: Path) -> None:
    roads = trained_on({"x": DAYS, "k": [str(i % 5) for i in range(60)]}, bucket, tmp_path)
    sent = csv_text(rows_of([*DAYS[:8], "05/13/2023", "soon"]))
    file_id = roads.upload(sent)
    said = (
        "'x' has 2 values that are not a date (D/M/Y as in the file, or 2012-01-31 or 2012-01-31 08:30:00) or seconds "
        "since 1970, and count as missing: '05/13/2023' in row 10, 'soon' in row 11"
    )
    ways: list[Callable[..., list[float]]] = [lambda **o: roads.body(sent, **o), lambda **o: roads.stored(file_id, **o)]
    ways.append(lambda **options: roads.job(file_id, **options))
    for way in ways:
        assert len(way()) == 10
        assert said in roads.warnings
        with pytest.raises(InvalidRecordsError) as refused:
            way(strict=True)
        assert {"row": 10, "field": "x"}.items() <= refused.value.errors[0].items()


def test_a_file_whose_column_cannot_mean_what_the_model_means_is_refused(bucket: ObjectStore, tmp_path: Path) -> None:
    roads = trained_on({"x": DAYS, "k": [str(i % 5) for i in range(60)]}, bucket, tmp_path)

    def is_refused(way: Callable[[], object]) -> None:
        with pytest.raises(InvalidRecordsError) as refused:
            way()
        problem = refused.value
        assert "Column 'x' of this file cannot mean what it means to the model: 3 of its 4 values" in problem.detail
        assert "dates with the month first, and the model's have the day first" in problem.detail
        assert problem.errors[0]["row"] == 2
        assert "not '12/31/2022'" in problem.errors[0]["message"]

    roads.refuse(rows_of(["12/31/2022", "12/30/2022", "12/29/2022", "12/12/2022"]), is_refused)


def test_a_file_that_the_caller_had_read_is_taken_at_his_word(bucket: ObjectStore, tmp_path: Path) -> None:
    roads = trained_on({"x": DAYS, "k": [str(i % 5) for i in range(60)]}, bucket, tmp_path)
    months_first = csv_text(rows_of(["12/31/2022", "11/05/2023", "01/02/2023"]))
    path = tmp_path / "us.csv"
    path.write_bytes(months_first)
    file_id = ingest(home(), "us.csv", path, Reading(dates="mdy"), current=False).file_id
    expected = roads.records(rows_of(["31/12/2022", "05/11/2023", "02/01/2023"]))
    assert roads.stored(file_id) == roads.job(file_id) == expected


def test_later_rows_may_show_that_a_file_has_decimal_points(
    bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{n:.2f}".replace(".", ",") for n in NUMBERS]
    roads = trained_on({"x": texts, "k": [str(i % 5) for i in range(60)]}, bucket, tmp_path)
    monkeypatch.setattr("core.services.prediction.stored_texts.BATCH_ROWS", 2)
    sent = rows_of(["1.234", "8.500", "2.125", "0.5", "2.75"])
    expected = roads.records([{**row, "x": row["x"].replace(".", ",")} for row in sent])
    file_id = roads.upload(csv_text(sent))
    assert roads.stored(file_id) == roads.job(file_id) == roads.body(csv_text(sent)) == expected
    assert "'x' is read with decimal points" in "".join(roads.warnings)


@pytest.mark.parametrize(
    ("texts", "rows", "as_the_model_writes", "said"),
    [
        (
            [f"{n:.2f}" for n in NUMBERS],
            ["1,234", "8,5", "2,75", "4"],
            ["1.234", "8.5", "2.75", "4"],
            "'x' is read with decimal commas, which its numbers have for certain; the model's file has points",
        ),
        (
            [f"2023-{m:02}-{d:02}" for m in range(1, 13) for d in (1, 5, 9, 13, 28)],
            ["05/11/2023", "01/02/2023", "28/02/2023", "04/04/2023"],
            ["2023-11-05", "2023-02-01", "2023-02-28", "2023-04-04"],
            "'x' is read with the day first (D/M/Y), which its dates show for certain; the model's file has Y-M-D",
        ),
    ],
)
def test_a_file_that_can_be_read_in_one_way_only_is_read_so(
    texts: list[str], rows: list[str], as_the_model_writes: list[str], said: str, bucket: ObjectStore, tmp_path: Path
) -> None:
    roads = trained_on({"x": texts, "k": [str(i % 5) for i in range(60)]}, bucket, tmp_path)
    expected = roads.records(rows_of(as_the_model_writes))
    sent = csv_text(rows_of(rows), ";")
    file_id = roads.upload(sent)
    for way in (lambda: roads.body(sent), lambda: roads.stored(file_id), lambda: roads.job(file_id)):
        assert way() == expected
        assert roads.warnings == [said]
    assert roads.export(file_id) == expected


def test_the_cells_of_a_workbook_are_the_values_that_they_are(bucket: ObjectStore, tmp_path: Path) -> None:
    columns = {
        "d": DAYS,
        "x": [f"{n:.2f}".replace(".", ",") for n in NUMBERS],
        "c": ["1.5", "2.25", "open"] * 20,
        "k": [str(i % 5) for i in range(60)],
    }
    roads = trained_on(columns, bucket, tmp_path)
    path = tmp_path / "book.xlsx"
    path.write_bytes(
        workbook([["d", "x", "c", "k"], [date(2023, 11, 5), 1.234, 1.5, 0], [date(2023, 2, 1), 8.5, 2.25, 1]])
    )
    file_id = ingest(home(), path.name, path, current=False).file_id
    rows = [
        {"d": "05/11/2023", "x": "1,234", "c": "1.5", "k": "0"},
        {"d": "01/02/2023", "x": "8,5", "c": "2.25", "k": "1"},
    ]
    expected = roads.records(rows)
    assert roads.stored(file_id) == roads.job(file_id) == roads.export(file_id) == roads.export_job(file_id) == expected
    assert roads.warnings == []
