"""Dates in a model: taken apart by scikit-learn's pipeline and by the graph alike, before 1970 as after."""

from calendar import isleap
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest

from core.catalogue import CATALOGUE
from core.cell_values import EARLIEST, LATEST, format_date, parse_date, to_datetime
from core.compiler.calendar import date_parts as date_parts_in_graph
from core.compiler.compile import check_parity, compile_pipeline
from core.compiler.graph_builder import GraphBuilder
from core.inference.session import CompiledModel
from core.manifests import Recipe
from core.preprocessing.date_parts import PARTS, date_parts
from tests.support.tables import voyages
from tests.support.training import fitted, split_of

ODD = [
    "1600-01-01", "1600-02-29", "1900-02-28 23:59:59.999", "1900-03-01", "1969-12-31 23:59:59.999", "1970-01-01",
    "1999-12-31 23:59:59.999", "2000-02-29", "2000-03-01", "2012-01-05 08:30:00", "2100-02-28 23:00", "2100-03-01",
    "0001-01-01", "0004-02-29", "9999-12-31 23:59:59.999",
]  # fmt: skip


def by_python(seconds: float) -> list[float]:
    date = to_datetime(seconds)
    return [date.year, date.month, date.day, date.weekday(), date.hour]


def moments(count: int) -> np.ndarray:
    """Seconds all over the years 1 to 9999, with milliseconds, and the odd ones."""
    rng = np.random.default_rng(3)
    milliseconds = rng.integers(int(EARLIEST) * 1000, int(LATEST) * 1000, count)
    leaps = [datetime(year, 1, 1) for year in range(1, 9999, 7) if isleap(year)]
    ends = [format_date((day + timedelta(days=offset) - datetime(1970, 1, 1)).total_seconds() - 0.001)
            for day in leaps[:400] for offset in (1, 59, 60, 61, 366)]  # fmt: skip
    return np.array([*milliseconds / 1000, *map(parse_date, [*ODD, *ends])], np.float64)


def in_graph(seconds: np.ndarray) -> np.ndarray:
    """Return the date parts that the compiled calendar computes from (rows, columns) seconds."""
    columns = [f"c{i}" for i in range(seconds.shape[1])]
    graph = GraphBuilder(columns)
    inputs = [graph.input(name, text=False) for name in columns]
    matrix = graph.node("Concat", *inputs, axis=1)
    model = graph.build(date_parts_in_graph(graph, matrix, len(columns)))
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    feed = {name: seconds[:, [i]] for i, name in enumerate(columns)}
    (parts,) = session.run(None, feed)
    return np.asarray(parts)


def test_the_parts_of_a_date_are_those_of_the_calendar() -> None:
    seconds = moments(2000)
    assert date_parts(seconds[:, np.newaxis]).tolist() == [by_python(second) for second in seconds.tolist()]


def test_the_graph_keeps_the_same_calendar() -> None:
    seconds = moments(100_000)
    assert np.array_equal(in_graph(seconds[:, np.newaxis]), date_parts(seconds[:, np.newaxis]))


def test_the_parts_of_several_dates_stay_together() -> None:
    both = np.array([[parse_date("2012-01-05 08:00"), parse_date("1969-12-31")]], np.float64)
    assert date_parts(both).tolist() == [[2012, 1, 5, 3, 8, 1969, 12, 31, 2, 0]]
    assert in_graph(both).tolist() == date_parts(both).tolist()


def test_a_moment_beyond_the_calendar_counts_as_its_end() -> None:
    beyond = np.array([[-1e300], [1e300], [LATEST + 0.999]])
    expected = [[1, 1, 1, 0, 0], [9999, 12, 31, 4, 23], [9999, 12, 31, 4, 23]]
    assert date_parts(beyond).tolist() == expected
    assert in_graph(beyond).tolist() == expected


@pytest.mark.parametrize("handling", ["mean", "median", "mode"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_graph_with_dates_and_booleans_is_the_pipeline(name: str, handling: str, tmp_path: Path) -> None:
    data = split_of(voyages(tmp_path / "t.parquet"), "fare", Recipe(handle_missing=handling))
    pipeline = fitted(data, name)
    model = CompiledModel(*compile_pipeline(pipeline, data.columns))
    odd = pd.concat([data.test_x.head(1)] * (len(ODD) + 1), ignore_index=True)
    odd["sailed"] = [np.nan, *map(parse_date, ODD)]
    assert check_parity(pipeline, model, pd.concat([data.train_x, data.test_x, odd])) <= 1e-9


def test_features_tell_dates_and_booleans_with_their_fills(tmp_path: Path) -> None:
    data = split_of(voyages(tmp_path / "t.parquet"), "fare")
    features = {f.name: f for f in compile_pipeline(fitted(data, "ridge"), data.columns)[1]}
    assert {name: feature.type for name, feature in features.items()} == {
        "sailed": "date", "length": "number", "crew": "number", "insured": "boolean", "port": "category",
    }  # fmt: skip
    assert features["sailed"].fill == data.train_x["sailed"].median()
    assert (features["sailed"].format, features["insured"].fill) == ("D.M.Y", 0.0)


def test_every_column_gets_the_handling_it_was_given(tmp_path: Path) -> None:
    recipe = Recipe(handle_missing="mean", columns={"length": "mode", "sailed": "median", "insured": "mean"})
    data = split_of(voyages(tmp_path / "t.parquet"), "fare", recipe)
    pipeline = fitted(data, "ridge")
    fills = {f.name: f.fill for f in compile_pipeline(pipeline, data.columns)[1]}
    x = data.train_x
    expected = {"crew": x["crew"].mean(), "sailed": x["sailed"].median(), "length": x["length"].min()}
    assert {name: fills[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert fills["insured"] == pytest.approx(x["insured"].mean(), rel=1e-12)
    assert set(pipeline[0].named_transformers_) == {
        "dates:median",
        "numbers:most_frequent",
        "numbers:mean",
        # The numbers of the crew are 10^17 and a little more.
        "numbers:mean:recentred",
        "categories",
    }


def test_the_pipeline_takes_pandas_own_dates_as_well(tmp_path: Path) -> None:
    data = split_of(voyages(tmp_path / "t.parquet"), "fare")
    pipeline = fitted(data, "random_forest")
    expected = pipeline.predict(data.test_x)
    dates = pd.to_datetime(data.test_x["sailed"], unit="s")
    for kind in ("datetime64[ns]", "datetime64[us]", "datetime64[ms]"):
        assert pipeline.predict(data.test_x.assign(sailed=dates.astype(kind))).tolist() == expected.tolist()
    zoned = dates.dt.tz_localize("UTC").dt.tz_convert("Asia/Shanghai")
    assert pipeline.predict(data.test_x.assign(sailed=zoned)).tolist() == expected.tolist()


def test_the_pipeline_names_what_a_date_becomes(tmp_path: Path) -> None:
    data = split_of(voyages(tmp_path / "t.parquet"), "fare")
    names = fitted(data, "ridge")[0].get_feature_names_out().tolist()
    assert [name for name in names if "sailed" in name] == [f"dates:median__sailed_{part}" for part in PARTS]
