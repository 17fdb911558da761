"""The profile as a whole: repeated rows, gaps, preview, and that it is JSON; the figures have their own tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.manifests import Recipe
from core.profiling.profile import PREVIEW_ROWS, profile
from core.profiling.rows import BLOCKS, RowHashes, RowKinds, missing_shares, row_numbers_where
from core.services.datasets.profiles import joined, stored_profile
from core.services.processing.ingest import ingest
from core.services.processing.process import process
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS, read, real, typed, uncoded, voyages


def with_pandas(name: str) -> pd.DataFrame:
    return pd.read_csv(CSVS[name][0])


@pytest.mark.parametrize("name", CSVS)
def test_a_profile_is_plain_json(name: str) -> None:
    found = profile(real(name))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("name", CSVS)
def test_repeated_rows_are_counted_like_pandas_does(name: str) -> None:
    found = profile(real(name))
    assert found["rows"] == len(with_pandas(name))
    assert found["duplicate_rows"] == with_pandas(name).duplicated().sum()


def test_rows_with_the_same_gaps_are_repeated_rows() -> None:
    assert profile(read("a,b\n1,\n1,\n,x\n,x\n,x\n2,y\n"))["duplicate_rows"] == 3


def test_the_example_of_a_repeated_row_is_the_later_one() -> None:
    hashes = RowHashes(5)
    hashes.add(0, np.array([1.0, 2.0, 1.0, 3.0, 1.0]))
    assert hashes.repeated() == (2, [4])


def test_rows_of_few_kinds_are_told_apart_like_pandas_does() -> None:
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.choice([None, "a", "b", "c"], 5000),
        "y": rng.choice([None, *range(90, 130)], 5000),
        "z": rng.choice([None, 0.25, 0.5, 0.75], 5000),
        "b": rng.choice([None, True, False], 5000),
    }
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    # A row of nothing but missing values is left out by the reader.
    frame = frame.dropna(how="all").reset_index(drop=True)
    table = read(frame.to_csv(index=False))
    kinds = RowKinds.of(table)
    assert kinds is not None
    again = frame.duplicated()
    assert kinds.repeated() == (again.sum(), row_numbers_where(again.to_numpy()))
    assert profile(table)["duplicate_rows"] == profile(uncoded(table))["duplicate_rows"] == again.sum()


def test_rows_of_too_many_kinds_or_with_more_than_codes_are_not_counted_by_kind() -> None:
    rows = "".join(f"{i},{i}\n" for i in range(300))
    assert RowKinds.of(read("a,b\n" + rows)) is None
    assert RowKinds.of(read("a,b\n1,1e30\n2,5e-9\n")) is None


def test_the_same_values_in_other_columns_are_another_row() -> None:
    hashes = RowHashes(2)
    hashes.add(0, np.array([1.0, 2.0]))
    hashes.add(1, np.array([2.0, 1.0]))
    assert hashes.repeated() == (0, [])


def test_zero_repeats_minus_zero_and_a_gap_repeats_any_gap() -> None:
    hashes = RowHashes(4)
    other_nan = np.array([0x7FF8000000000123], np.uint64).view(np.float64)[0]
    hashes.add(0, np.array([0.0, -0.0, np.nan, other_nan]))
    assert hashes.repeated()[0] == 2


def test_gaps_are_shown_where_they_are() -> None:
    rows = "".join(f"{i},{'' if i >= 900 else i}\n" for i in range(1200))
    missingness = profile(read("a,b\n" + rows))["missingness"]
    assert missingness == {"blocks": BLOCKS, "columns": {"b": [0.0] * 45 + [1.0] * 15}}


def test_a_short_table_has_a_block_a_row() -> None:
    assert profile(read("a,b\n1,\n2,3\n4,5\n"))["missingness"] == {"blocks": 3, "columns": {"b": [1.0, 0.0, 0.0]}}


@pytest.mark.parametrize("rows", [1, 59, 60, 61, 1000])
def test_blocks_cover_every_row_once(rows: int) -> None:
    missing = np.random.default_rng(0).random(rows) < 0.4
    shares = missing_shares(missing)
    sizes = np.diff(np.arange(len(shares) + 1) * rows // len(shares))
    assert len(shares) == min(rows, BLOCKS)
    assert sizes.max() - sizes.min() <= 1
    assert np.array(shares) @ sizes == pytest.approx(missing.sum())


def test_the_preview_is_the_head_of_the_file() -> None:
    preview = profile(real("mpg"))["preview"]
    assert preview["columns"] == list(with_pandas("mpg"))
    assert len(preview["rows"]) == PREVIEW_ROWS
    assert preview["rows"][0] == [18.0, 8, 307.0, 130.0, 3504, 12.0, 70, "usa", "chevrolet chevelle malibu"]
    assert preview["rows"][32][3] is None  # the first car without horsepower
    assert len(profile(read("a,b\n1,2\n"))["preview"]["rows"]) == 1


def test_a_column_of_every_type_with_gaps_is_profiled(tmp_path: Path) -> None:
    table = voyages(tmp_path / "t.parquet")
    found = profile(table)
    assert {name: figures["type"] for name, figures in found["columns"].items()} == {
        column.name: column.type for column in table.columns
    }
    assert {name: figures["missing"] for name, figures in found["columns"].items()} == {
        column.name: column.missing for column in table.columns
    }
    assert list(found["missingness"]["columns"]) == ["sailed", "length", "crew", "insured", "port"]
    assert found["correlations"]["columns"] == ["length", "crew", "insured", "fare"]


def test_columns_whose_names_begin_alike_are_kept_apart(tmp_path: Path) -> None:
    table = typed(tmp_path / "t.parquet", {"a": pa.array([1.0, 2.0]), "a.b": pa.array([3.0, 5.0])})
    found = profile(table)
    assert [found["columns"][name]["mean"] for name in ("a", "a.b")] == [1.5, 4.0]
    assert found["correlations"]["pearson"] == [[pytest.approx(1), pytest.approx(1)]] * 2


def test_many_rows_are_profiled_one_column_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = profile(real("mpg"))
    monkeypatch.setattr("core.profiling.column_threads.ROWS_SIDE_BY_SIDE", 100)
    assert profile(real("mpg")) == expected


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id


def stored(file_id: str) -> dict[str, Any]:
    return stored_profile(home(), home().datasets.manifest(file_id))


def test_without_a_target_the_stored_profile_is_the_profile(file_id: str) -> None:
    assert stored(file_id) == {**profile(real("mpg")), "target": None}


def test_a_chosen_target_joins_the_stored_profile_and_its_findings_come_in_order(file_id: str) -> None:
    before = stored(file_id)["findings"]
    process(home(), file_id, Recipe(target_column="cylinders"))
    found = stored(file_id)
    assert found["target"]["target"] == "cylinders"
    assert found["findings"][0]["kind"] == "target-few-values"  # a warning, before the notes on the table
    assert found["findings"][1:] == before
    process(home(), file_id, Recipe(target_column="mpg"))
    assert stored(file_id)["target"]["target"] == "mpg"
    process(home(), file_id, Recipe())
    assert stored(file_id)["target"] is None


def finding(kind: str, column: str) -> dict[str, Any]:
    return {"severity": "info", "kind": kind, "column": column}


def test_no_finding_says_what_nobody_does_with_a_target_or_says_a_leak_twice() -> None:
    others = [finding("redundant", "net"), finding("identifier", "id"), finding("missing", "net")]
    of_target = ("identifier", "redundant", "constant", "nearly-constant", "missing", "skew", "ordered-in-time")
    found = {"findings": [*others, finding("redundant", "tax"), *(finding(kind, "total") for kind in of_target)]}
    target = {"target": "total", "findings": [finding("leakage", "tax")]}
    assert joined(found, target)["findings"] == [*target["findings"], *others]
    assert joined(found, None)["findings"] == found["findings"]


def test_a_target_chosen_before_relations_were_kept_has_none(file_id: str) -> None:
    home().datasets.set_recipe(file_id, Recipe(target_column="mpg"))
    assert stored(file_id)["target"] is None


@pytest.mark.parametrize("word", ["Nan", "NAN", "-nan", "+nan"])
def test_every_spelling_of_nan_is_missing_or_text(word: str) -> None:
    table = read(f"a,b\n{word},1\n2,3\n")
    assert table.columns[0].type != "number" or table.columns[0].missing == 1
    json.dumps(profile(table), allow_nan=False)


def test_the_profile_of_huge_numbers_is_json() -> None:
    json.dumps(profile(read("a,b\n1e308,1\n-1e308,2\n1e308,3\n")), allow_nan=False)
