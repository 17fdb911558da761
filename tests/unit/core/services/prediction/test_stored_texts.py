"""Columns of a stored file are read again once for each meaning, within the limits of a request."""

from math import inf
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidRecordsError, NotACsvError, TooLargeError
from core.inference.read_again import NOTHING_READ_AGAIN
from core.manifests import DatasetManifest, Feature
from core.services.prediction import stored_texts
from core.services.prediction.stored_texts import columns_read_again, read_again_on_disk, seconds_to_read_again
from core.services.processing.ingest import ingest
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home

DAY_FIRST = Feature(name="day", type="date", fill=0.0, format="D/M/Y")
MONTH_FIRST = DAY_FIRST.model_copy(update={"format": "M/D/Y"})
GRADE = Feature(name="grade", type="category", fill="", levels=["1.50", "open"])


@pytest.fixture
def dataset(bucket: ObjectStore, tmp_path: Path) -> DatasetManifest:
    path = tmp_path / "days.csv"
    path.write_text("day,grade\n05/11/2023,1.50\n01/02/2023,2.00\n,1.50\n")
    return ingest(home(), path.name, path)


def test_columns_are_read_as_the_features_are(dataset: DatasetManifest, tmp_path: Path) -> None:
    found = columns_read_again(home(), dataset, [DAY_FIRST, GRADE]).rows(0, 3)
    on_disk = read_again_on_disk(home(), dataset, [DAY_FIRST, GRADE], tmp_path).rows(0, 3)
    assert found["day"][:2].astype("datetime64[s]").astype(str).tolist() == [
        "2023-11-05T00:00:00",
        "2023-02-01T00:00:00",
    ]
    assert np.isnan(found["day"][2])
    assert found["grade"].tolist() == on_disk["grade"].tolist() == ["1.50", "2.00", "1.50"]
    assert np.array_equal(found["day"], on_disk["day"], equal_nan=True)


def test_what_is_stored_is_enough_where_it_means_the_same(dataset: DatasetManifest, tmp_path: Path) -> None:
    assert columns_read_again(home(), dataset, [MONTH_FIRST]) is NOTHING_READ_AGAIN
    assert read_again_on_disk(home(), dataset, [MONTH_FIRST], tmp_path) is NOTHING_READ_AGAIN
    assert seconds_to_read_again(dataset, [MONTH_FIRST]) == 0


def test_a_meaning_is_read_once(dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch) -> None:
    first = columns_read_again(home(), dataset, [DAY_FIRST])
    assert columns_read_again(home(), dataset, [DAY_FIRST]) is first
    assert columns_read_again(home(), dataset, [DAY_FIRST, GRADE]) is not first


def test_a_large_file_is_read_again_as_a_job_only(
    dataset: DatasetManifest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert 0 < seconds_to_read_again(dataset, [DAY_FIRST]) < 1
    monkeypatch.setattr(stored_texts, "MOST_BYTES", 10)
    assert seconds_to_read_again(dataset, [DAY_FIRST]) == inf
    with pytest.raises(TooLargeError, match="as a job"):
        columns_read_again(home(), dataset, [DAY_FIRST])
    assert read_again_on_disk(home(), dataset, [DAY_FIRST], tmp_path).rows(0, 1)["day"].size == 1


def test_a_file_in_which_an_earlier_version_found_other_rows_is_predicted_as_stored(
    dataset: DatasetManifest, tmp_path: Path
) -> None:
    columns = [column.model_copy(update={"is_literal": None}) for column in dataset.columns]
    for rows in (2, 4):
        earlier = dataset.model_copy(update={"columns": columns, "rows": rows})
        found = read_again_on_disk(home(), earlier, [DAY_FIRST], tmp_path)
        assert found.values == {}
        assert "'day' may mean something else to the model" in found.warnings()[0]
        with pytest.raises(InvalidRecordsError, match="upload the file again"):
            found.warnings(strict=True)
        with pytest.raises(NotACsvError, match="Upload it again"):
            read_again_on_disk(home(), dataset.model_copy(update={"rows": rows}), [DAY_FIRST], tmp_path)
