"""Columns that a file lacks, adds, or has with another type than the model's."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.arrivals import SERIES, linear_table, read_arrival, retrain_on, serve_champion
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock")


def test_a_file_without_a_column_of_the_model_is_refused_with_its_name(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on("1.csv", linear_table(1).drop(columns="colour"))
    assert (job.status, read_arrival(job).state) == ("failed", "refused")
    assert "lacks 'colour'" in job.error["detail"]
    assert home().series.report(SERIES, job.job_id)["schema"]["missing"] == ["colour"]


def test_text_where_a_number_was_is_refused_and_a_number_where_text_was_is_text(tmp_path: Path) -> None:
    whole = linear_table(0, 300).assign(size=lambda rows: np.where(rows.index % 2, "12", "about 9"))
    serve_champion(tmp_path, body=whole)
    texts = retrain_on("1.csv", whole.assign(x="wide"))
    assert "'x' is text, and the model takes a number there" in texts.error["detail"]
    job = retrain_on("2.csv", linear_table(2).assign(size=12, weight=1.5, colour=lambda rows: rows["colour"] + "ish"))
    schema = home().series.report(SERIES, job.job_id)["schema"]
    assert "line 2" in texts.error["detail"]
    # All of it are numbers here, which are read as levels, as the model does.
    assert schema["retyped"] == []
    dataset = home().datasets.manifest(job.order["file_id"])
    assert next(column.type for column in dataset.columns if column.name == "size") == "category"
    assert schema["new"] == ["weight"]
    assert [(one["name"], one["rows"]) for one in schema["unseen"]] == [("colour", 200)]
