"""A stored table with dates and booleans, predicted by a model that takes them, or by one that does not."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.catalogue import CATALOGUE
from core.cell_values import format_date
from core.compiler.compile import compile_pipeline
from core.errors import InvalidInputError
from core.inference.session import CompiledModel
from core.inference.stored_columns import rows_of_table
from core.manifests import Feature
from core.packed_columns import ColumnTable
from core.services.prediction.loaded_models import LoadedModel
from core.services.prediction.predict import predict_records, predict_table
from core.tables.table import Table
from tests.support.storage import model_draft
from tests.support.tables import read, typed, voyages
from tests.support.training import fitted, split_of

CASES = Path(__file__).parents[4] / "data" / "cases"


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return voyages(tmp_path / "voyages.parquet")


def packed(table: Table) -> ColumnTable:
    """The table as light functions read it."""
    names = [column.name for column in table.columns]
    return ColumnTable({n: table.values(n) for n in names}, {column.name: column.type for column in table.columns})


def trained(table: Table, target: str = "fare", name: str = "ridge") -> LoadedModel:
    data = split_of(table, target)
    graph, features = compile_pipeline(fitted(data, name), data.columns)
    return LoadedModel(model_draft(graph, b"", features=features), CompiledModel(graph, features))


def column(path: Path, name: str, values: pa.Array, table: Table) -> ColumnTable:
    """The voyages with another column of this name."""
    other = packed(typed(path, {name: values}))
    voyages = packed(table)
    return ColumnTable({**voyages.values, **other.values}, {**voyages.types, **other.types})


@pytest.mark.parametrize("name", CATALOGUE)
def test_rows_of_the_table_and_the_same_rows_as_json_predict_alike(table: Table, name: str) -> None:
    model, columns = trained(table, name=name), packed(table)
    whole = predict_table(model, columns, batch_size=50)
    names = list(columns.values)
    for shown in (format_date, lambda moment: moment.strftime("%d.%m.%Y %H:%M:%S.%f")[:-3].zfill(23)):
        records: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows_of_table(columns)]
        for record in records:
            record.pop("fare")
            if record["sailed"] is not None:
                record["sailed"] = shown(record["sailed"])
        assert predict_records(model, records).values.tolist() == whole.values.tolist()
        alone = [predict_records(model, [record]).values[0] for record in records]
        assert alone == whole.values.tolist()


def test_gaps_are_warned_of_in_the_tables_own_words(table: Table) -> None:
    warnings = predict_table(trained(table), packed(table)).warnings
    date, boolean = (next(w for w in warnings if repr(name) in w) for name in ("sailed", "insured"))
    fill = next(f.fill for f in trained(table).manifest.features if f.name == "sailed")
    assert date.endswith(f"imputed with {format_date(fill)}")
    assert boolean.endswith("imputed with false")


@pytest.mark.parametrize(
    ("name", "values", "found", "wanted"),
    [
        ("sailed", pa.array(["soon"] * 120), "text", "a date"),
        ("sailed", pa.array(range(120)), "a number", "a date"),
        ("sailed", pa.array([True] * 120), "true or false", "a date"),
        ("length", pa.array([0] * 120, pa.timestamp("ms")), "a date", "a number"),
        ("length", pa.array(["long"] * 120), "text", "a number"),
        ("insured", pa.array(range(120)), "a number", "true or false"),
        ("insured", pa.array([0] * 120, pa.timestamp("ms")), "a date", "true or false"),
        ("insured", pa.array(["maybe"] * 120), "text", "true or false"),
    ],
)
def test_a_column_of_another_type_is_named_with_both(
    table: Table, tmp_path: Path, name: str, values: pa.Array, found: str, wanted: str
) -> None:
    other = column(tmp_path / "other.parquet", name, values, table)
    with pytest.raises(InvalidInputError, match=f"{name!r} is {found} in this file, and the model takes {wanted} "):
        predict_table(trained(table), other)


@pytest.mark.parametrize(
    ("name", "values", "same"),
    [
        ("insured", pa.array([0, 1] * 60), pa.array([False, True] * 60)),
        ("length", pa.array([False, True] * 60), pa.array([0.0, 1.0] * 60)),
        ("sailed", pa.nulls(120, pa.int64()), pa.nulls(120, pa.timestamp("ms"))),
        ("insured", pa.nulls(120, pa.int64()), pa.nulls(120, pa.bool_())),
        ("port", pa.nulls(120, pa.int64()), pa.nulls(120, pa.string())),
    ],
)
def test_a_column_that_says_the_same_in_another_type_is_taken(
    table: Table, tmp_path: Path, name: str, values: pa.Array, same: pa.Array
) -> None:
    model = trained(table)
    predicted = [predict_table(model, column(tmp_path / "x.parquet", name, v, table)) for v in (values, same)]
    assert predicted[0].values.tolist() == predicted[1].values.tolist()


@pytest.mark.parametrize(
    ("levels", "values", "texts"),
    [
        (["ja", "no", "yes"], pa.array([True, False, None]), ["yes", "no", ""]),
        (["ja", "nein"], pa.array([True, False]), ["true", "false"]),
        (["2012-01-05"], pa.array([1325721600000, None], pa.timestamp("ms")), ["2012-01-05", ""]),
    ],
)
def test_a_model_that_knew_such_columns_as_text_still_reads_them(
    tmp_path: Path, levels: list[str], values: pa.Array, texts: list[str]
) -> None:
    feature = Feature(name="v", type="category", fill=levels[0], levels=levels)
    seen: list[list[str]] = []

    class Spy:
        def run(self, columns: dict[str, np.ndarray]) -> np.ndarray:
            seen.append(columns["v"].tolist())
            return np.zeros(len(columns["v"]))

    model = LoadedModel(model_draft(b"", b"", features=[feature]), Spy())  # type: ignore[arg-type]
    predict_table(model, packed(typed(tmp_path / "t.parquet", {"v": values})))
    assert seen == [texts]


def test_a_boolean_target_is_learned_as_how_likely_it_is(table: Table) -> None:
    data = split_of(table, "insured")
    assert "insured is true or false" in data.notes[0]
    assert set(data.train_y.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("path", sorted(CASES.glob("B3_*.csv")), ids=lambda path: path.stem)
def test_dates_as_in_the_file_predict_as_its_table_does(path: Path) -> None:
    table = read(path.read_bytes())
    with path.open(encoding="utf-8", newline="") as file:
        records: list[dict[str, Any]] = list(csv.DictReader(file))
    target = table.columns[-1].name
    for record in records:
        del record[target]
    model = trained(table, target)
    assert {feature.name for feature in model.manifest.features} == set(records[0])
    whole = predict_table(model, packed(table))
    assert not whole.warnings
    assert predict_records(model, records).values.tolist() == whole.values.tolist()
