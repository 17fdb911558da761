"""Input that once slipped through: each ends in a clear error, or in the right answer."""

import io
import json
from typing import Any

import httpx
import numpy as np
import pytest

from core.compiler.compile import check_parity, compile_pipeline
from core.errors import (
    InvalidRecordsError,
    InvalidSettingError,
    NotACsvError,
    NotEnoughRowsError,
    ParameterError,
    TrainingFailedError,
)
from core.exporting.files import FORMATS
from core.inference.session import CompiledModel
from core.manifests import Feature
from core.profiling.profile import profile
from core.settings import load
from core.storage.cache import Counters, MemoryCache
from core.storage.redis.redis_client import RedisClient
from tests.support.raw_columns import columns_of
from tests.support.tables import noisy, read
from tests.support.training import fitted, split_of, split_text, trained

NUMBER = Feature(name="x", type="number", fill=0.0)
COLOUR = Feature(name="c", type="category", fill="a", levels=["a"])


def test_a_quote_that_never_closes_does_not_swallow_the_rows() -> None:
    with pytest.raises(NotACsvError, match="quote"):
        read('a,b\n1,"2\n' + "3,4\n" * 1000)


@pytest.mark.parametrize("word", ["Nan", "NAN", "-nan", "+nan"])
def test_every_spelling_of_nan_is_missing_or_text(word: str) -> None:
    table = read(f"a,b\n{word},1\n2,3\n")
    assert table.columns[0].type != "number" or table.columns[0].missing == 1
    json.dumps(profile(table), allow_nan=False)


def test_the_profile_of_huge_numbers_is_json() -> None:
    json.dumps(profile(read("a,b\n1e308,1\n-1e308,2\n1e308,3\n")), allow_nan=False)


@pytest.mark.parametrize("size", [0.01, 0.7, 0.8, 0.999])
def test_a_holdout_or_folds_of_one_row_are_refused(size: float) -> None:
    table = read(noisy(20))
    with pytest.raises(NotEnoughRowsError, match="test_size"):
        split_of(table, "y", test_size=size)


def test_scores_that_are_not_finite_are_never_stored() -> None:
    text = "x,y\n" + "".join(f"{i},{1e200 * (i % 7)}\n" for i in range(60))
    with pytest.raises(TrainingFailedError, match="finite"), np.errstate(all="ignore"):
        trained(split_text(text), "ridge")


@pytest.mark.parametrize(
    ("model", "params"),
    [("random_forest", {"n_estimators": wrong}) for wrong in ("many", None, float("inf"), [3])]
    + [("decision_tree", {"min_samples_leaf": wrong}) for wrong in (0, -5)],
)
def test_the_budget_leaves_wrong_parameters_to_be_refused(model: str, params: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(params))):
        trained(split_text(noisy(40)), model, params)


@pytest.mark.parametrize("header", ["/constant_0,c,y", "/IsNaN_0,c,y", "/IsNaN_0,//LabelEncoder_5,y"])
def test_columns_may_be_called_like_nodes_of_the_graph(header: str) -> None:
    data = split_text(noisy(60).replace("x,colour,y", header, 1))
    pipeline = fitted(data, "ridge")
    assert check_parity(pipeline, CompiledModel(*compile_pipeline(pipeline, data.columns)), data.train_x) <= 1e-9


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_is_no_text_is_no_category(value: Any) -> None:
    with pytest.raises(InvalidRecordsError):
        columns_of([{"x": 1, "c": value}], [NUMBER, COLOUR])


def test_a_number_with_underscores_is_none() -> None:
    with pytest.raises(InvalidRecordsError):
        columns_of([{"x": "1_000", "c": "a"}], [NUMBER, COLOUR])


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}])
def test_a_nested_cell_is_written_as_text(cell: Any) -> None:
    FORMATS["excel"].write(file := io.BytesIO(), ["a"], [(cell,)])
    assert file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_half_a_surrogate_pair_does_not_stop_an_export(kind: str) -> None:
    FORMATS[kind].write(file := io.BytesIO(), ["a"], [("\ud800",)])
    assert file.getvalue()


def test_a_value_over_the_budget_does_not_flush_the_cache() -> None:
    cache: MemoryCache[str] = MemoryCache(Counters(RedisClient(None)), items=9, max_bytes=100, idle_seconds=60)
    cache.put("small", "kept", 50)
    cache.put("large", "too large", 101)
    assert cache.get("small") == "kept"


@pytest.mark.parametrize("name", ["REDIS_URL", "S3_ENDPOINT"])
def test_an_address_without_a_scheme_is_named_at_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", "localhost:6379")
    with pytest.raises(InvalidSettingError, match=name):
        load()


@pytest.mark.parametrize("name", ["REDIS_URL", "S3_ENDPOINT", "SIGNING_KEY_FILE"])
def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"REGATTA_{name}", "")
    assert getattr(load(), name.lower()) is None


@pytest.mark.parametrize("cell", ["0x1F", "+-1"])
def test_what_only_looks_like_a_number_is_text(cell: str) -> None:
    assert read(f"a,b\n{cell},1\n2,2\n").columns[0].type == "category"


def test_nul_characters_make_a_file_binary() -> None:
    with pytest.raises(NotACsvError, match="binary"):
        read(b"\xef\xbb\xbfx\0,c,y\n" + b"1,a,2\n" * 30)


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.rows+json"])
def test_the_rows_of_a_body_are_counted_before_it_is_read_whatever_json_it_is_called(
    handlers: httpx.Client, kind: str
) -> None:
    # Two million rows and no end: whoever reads it finds that it is no JSON.
    body = b'{"model_name": "any", "data": [' + b"{}," * 2_000_000
    answer = handlers.post("/predict/batch", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, "200,000 rows" in answer.json()["detail"]) == (413, True)
