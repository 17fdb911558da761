"""What a request costs grows at most linearly with its bytes: counted in calls and in memory, never by a clock.

Every endpoint that takes a body, a form or a query gets values that grow: those that are known to be hard, and further
ones that are drawn, the same in each run. `GROWTH_EXAMPLES=200 pytest` draws more of them.
"""

import gc
import json
import os
import tracemalloc
from collections.abc import Callable
from cProfile import Profile
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from fastapi import routing
from fastapi.exceptions import RequestValidationError
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from core.array_types import Floats, RawColumns
from core.errors import RegattaError
from core.inference.session import CompiledModel
from core.manifests import Feature
from core.services.prediction.loaded_models import LoadedModel
from core.storage.s3.object_store import ObjectStore
from functions.predict.requests import BatchRequest, CsvRequest, RowRequest
from functions.request_bodies import parse_json, validate_body
from tests.support.storage import model_draft
from tests.unit.functions.test_query_parameters import BODIES, PARAMETER, QUERIES

FEW, MANY = 150, 1_200
DRAWN = settings(
    max_examples=int(os.environ.get("GROWTH_EXAMPLES", "2")),
    deadline=None,
    derandomize=True,
    database=None,
    # A smaller input that fails as well would cost minutes to find.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Returns a value of about n parts.
Growing = Callable[[int], Any]
KINDS: dict[str, Growing] = {
    "numbers": lambda n: list(range(n)),
    "texts": lambda n: [f"x{i}" for i in range(n)],
    "same texts": lambda n: ["x"] * n,
    "objects": lambda n: [{}] * n,
    "different objects": lambda n: [{f"x{i}": i} for i in range(n)],
    "lists": lambda n: [[]] * n,
    "one object": lambda n: {f"x{i}": i for i in range(n)},
    "a long text": lambda n: "x" * 20 * n,
    "a long name": lambda n: {"x" * 20 * n: 1},
}
CHARACTERS = ["1,", *"x1 \t\n,\"'\\=$-.\ufeff\x1b[城😀"]
LEAVES = st.sampled_from([0, -1, 0.5, 1e308, None, True, "", "x", "1", "\ufeff", [], {}, [[]], {"": []}])


@dataclass(frozen=True)
class Drawn:
    """A value that grows: `kind` says in which way, `text` and `leaf` what it is made of, `name` what it is in."""

    kind: str
    text: str
    leaf: Any
    name: str | None

    def __call__(self, count: int) -> Any:
        """Return the value of about so many parts."""
        texts = (f"{self.text}{i}" for i in range(count))
        value: Any = {
            "a text": lambda: self.text * 10 * count,
            "texts": lambda: list(texts),
            "leaves": lambda: [self.leaf] * count,
            "names": lambda: dict.fromkeys(texts, self.leaf),
            "objects": lambda: [{text: self.leaf} for text in texts],
            "wide objects": lambda: (
                [dict.fromkeys((f"{self.text}{i}" for i in range(40)), self.leaf)] * (count // 40 + 1)
            ),
            "rows": lambda: [[self.leaf, self.text]] * count,
            "a name": lambda: {self.text * 10 * count: self.leaf},
            "a number": lambda: int("9" * min(count, 4_000)),
        }[self.kind]()
        return value if self.name is None else [{self.name: value}] if self.name.endswith("s") else {self.name: value}


WAYS = ("a text", "texts", "leaves", "names", "objects", "wide objects", "rows", "a name", "a number")
NAMES = (None, "name", "data", "inputs", "shape", "parameters", "params")
GROWING = st.builds(Drawn, st.sampled_from(WAYS), st.sampled_from(CHARACTERS), LEAVES, st.sampled_from(NAMES))


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let endpoints run in the thread of the test, in which calls are counted."""

    async def run(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return call(*args, **kwargs)

    async def run_reading(scope: Any, call: Callable[..., Any], *args: Any) -> Any:
        return call(*args)

    monkeypatch.setattr(routing, "run_in_threadpool", run)
    for module in ("functions.predict.app", "functions.inference.app"):
        monkeypatch.setattr(f"{module}.in_prediction_thread", run)
    monkeypatch.setattr("functions.predict.app.in_reading_thread", run_reading)


def _cost(send: Callable[[], httpx.Response]) -> tuple[httpx.Response, int, int]:
    """The answer, how many calls it took, and the most bytes that were in use for it."""
    profile = Profile()
    gc.disable()  # which would finalize what earlier tests left, and those calls would be counted
    tracemalloc.start()
    profile.enable()
    try:
        answer = send()
    finally:
        profile.disable()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.enable()
    return answer, sum(one.callcount for one in profile.getstats()), most


# What measures the coverage of tests tidies up now and then, in the middle of a request; what a request itself costs
# is the same each time.
TRIES = 3

# Makes a request of about n parts, and says how many bytes it has.
Prepare = Callable[[int], tuple[Callable[[], httpx.Response], int]]


def _check(prepare: Prepare) -> None:
    """Compare the costs of two lengths."""
    prepare(1)[0]()  # what is loaded and kept by the first request of a kind
    few, length = prepare(FEW)
    many, more_length = prepare(MANY)
    _, calls, most = _cost(few)
    growth = 1.5 * more_length / length
    most_calls, most_bytes = growth * calls + 5_000, growth * most + (2 << 20)
    for _ in range(TRIES):
        answer, more_calls, more = _cost(many)
        if more_calls <= most_calls and more <= most_bytes:
            break
    assert answer.status_code < 500
    assert more_calls <= most_calls
    assert more <= most_bytes
    if answer.is_error:
        # Far below the body wherever that is long: a refusal names twenty problems.
        assert len(answer.content) <= 20_000
        assert len(answer.json().get("errors", ())) <= 20


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_costs_no_more_than_its_length(
    bucket: ObjectStore, handlers: httpx.Client, inline: None, method: str, path: str
) -> None:
    sent = PARAMETER.sub("some", path)

    def grow(fields_of: Callable[[int], dict[str, Any]]) -> None:
        def prepare(count: int) -> tuple[Callable[[], httpx.Response], int]:
            body = json.dumps(fields_of(count)).encode()
            headers = {"Content-Type": "application/json"}
            request = handlers.build_request(method, sent, content=body, headers=headers)
            return lambda: handlers.send(request), len(body)

        _check(prepare)

    for value in KINDS.values():
        grow(lambda count, value=value: dict.fromkeys(BODIES[method, path], value(count)))  # type: ignore[misc]
    grow(lambda count: {f"x{i}": 1 for i in range(count)})

    @DRAWN
    @given(GROWING, st.sets(st.sampled_from(BODIES[method, path]), min_size=1))
    def draw(value: Drawn, fields: set[str]) -> None:
        grow(lambda count: dict.fromkeys(sorted(fields), value(count)))

    draw()


# What the bytes of a file are made of; `{i}` is the number of a part.
PIECES = ["a,b\n", "1,2\n", "{i},x\n", "{i},", '"x\n"', "1 ", *",;\n\r\"'\\\ufeff\x1b\t="]
FORM_FIELDS = ("types", "missing", "keep", "sheet", "encoding", "delimiter", "unknown")


def _pieces(piece: str, count: int) -> str:
    return "".join(piece.replace("{i}", str(i)) for i in range(count))


def _upload(
    handlers: httpx.Client, count: int, head: str, piece: str, field: str, value: Growing, form: str
) -> tuple[Callable[[], httpx.Response], int]:
    """A form of about n parts that `form` says: of the file, of one field, of many fields, or of many names."""
    content = head + _pieces(piece, count if form == "file" else 3) + "1,2\n"
    grown = json.dumps(value(count if form == "field" else 1))
    fields: dict[str, Any] = {
        "file": {},
        "field": {field: grown},
        "fields": {field: [grown] * min(count, 900)},
        "names": {f"{field}{i}": grown for i in range(min(count, 900))},
    }[form]
    request = handlers.build_request(
        "POST", "/data/upload", data=fields, files={"file": ("a.csv", content.encode(), "text/csv")}
    )
    body = request.read()
    headers = {"Content-Type": request.headers["Content-Type"]}
    request = handlers.build_request("POST", "/data/upload", content=body, headers=headers)
    return lambda: handlers.send(request), len(body)


def test_an_upload_costs_no_more_than_its_length(bucket: ObjectStore, handlers: httpx.Client, inline: None) -> None:
    @DRAWN
    @given(
        st.sampled_from(["", "a,b\n", 'a,b\n1,"', "\ufeffa,b\n1,2\n"]),
        st.sampled_from(PIECES),
        st.sampled_from(FORM_FIELDS),
        GROWING,
        st.sampled_from(["file", "field", "fields", "names"]),
    )
    @example("a,b\n", "{i},x\n", "types", KINDS["texts"], "file")
    @example("a,", "{i},", "types", KINDS["texts"], "file")
    @example('a,b\n1,"', "x\n", "types", KINDS["texts"], "file")
    @example("a,", "\ufeff", "types", KINDS["texts"], "file")
    @example("a,b\n", "1,2\n", "types", KINDS["one object"], "field")
    @example("a,b\n", "1,2\n", "missing", KINDS["texts"], "field")
    @example("a,b\n", "1,2\n", "missing", KINDS["same texts"], "fields")
    @example("a,b\n", "1,2\n", "unknown", KINDS["numbers"], "names")
    def draw(head: str, piece: str, field: str, value: Growing, form: str) -> None:
        _check(lambda count: _upload(handlers, count, head, piece, field, value, form))

    draw()


class Constant(CompiledModel):
    """A model that predicts zeros."""

    def __init__(self) -> None:
        self.features = [
            Feature(name="x", type="number", fill=0.0),
            Feature(name="城", type="category", fill="a", levels=["a"]),
        ]
        self.levels = {"x": None, "城": frozenset("a")}

    def run(self, columns: RawColumns) -> Floats:
        return np.zeros(len(columns["x"]))


def _predict(model: LoadedModel, road: str, value: Any) -> tuple[Callable[[], httpx.Response], int]:
    """A prediction from a value in each place of a request, and how many bytes it has."""
    values = value if isinstance(value, list) else [value]
    asked: dict[str, Any] = {
        "row": {"data": {"x": value, "城": value}},
        "names": {"data": value if isinstance(value, dict) else {"x": 1}},
        "records": {"data": [{"x": one, "城": one} for one in values]},
        "objects": {"data": values},
        "rows": {"columns": ["x", "城"], "rows": [[one, one] for one in values]},
        "columns": {"columns": [str(one) for one in values], "rows": [values]},
    }[road]
    kind: Any = RowRequest if road in ("row", "names") else BatchRequest
    body = json.dumps(
        {"model_name": "m", "batch_size": 1, **asked} if kind is BatchRequest else asked | {"model_name": "m"}
    )

    def predict() -> None:
        request = validate_body(parse_json(body.encode()), kind)
        request.predict(*([model] if kind is RowRequest else [None, model]))

    return lambda: _answer(predict), len(body)


def _answer(predict: Callable[[], object]) -> httpx.Response:
    """What a caller would see of a prediction: that it is one, or why it is refused."""
    try:
        predict()
    except RegattaError as error:
        return httpx.Response(error.status, json=error.problem("/predict"))
    except RequestValidationError:
        return httpx.Response(422, json={})
    return httpx.Response(200)


@pytest.fixture
def model(settled: None) -> LoadedModel:
    compiled = Constant()
    return LoadedModel(model_draft(b"", b"", features=compiled.features), compiled)


@pytest.mark.parametrize("road", ["row", "names", "records", "objects", "rows", "columns"])
def test_a_prediction_costs_no_more_than_its_length(model: LoadedModel, road: str) -> None:
    @DRAWN
    @given(GROWING)
    @example(KINDS["numbers"])
    @example(KINDS["different objects"])
    @example(KINDS["one object"])
    def draw(value: Growing) -> None:
        _check(lambda count: _predict(model, road, value(count)))

    draw()


def test_a_csv_to_predict_costs_no_more_than_its_length(model: LoadedModel) -> None:
    asked = CsvRequest.model_validate({"model_name": "m", "batch_size": "1"})

    @DRAWN
    @given(st.sampled_from(["", "x,城\n", 'x,城\n1,"']), st.sampled_from(PIECES))
    @example("x,城\n", "1,{i}\n")
    @example("x,城\n", "{i},x\n")
    @example("x,城,", "{i},")
    @example('x,城\n1,"', "\n")
    def draw(head: str, piece: str) -> None:
        def prepare(count: int) -> tuple[Callable[[], httpx.Response], int]:
            body = (head + _pieces(piece, count) + "1,a\n").encode()
            return lambda: _answer(lambda: asked.predict(model, body, None)), len(body)

        _check(prepare)

    draw()


@pytest.mark.parametrize(("method", "path"), QUERIES)
def test_a_query_costs_no_more_than_its_length(
    bucket: ObjectStore, handlers: httpx.Client, inline: None, method: str, path: str
) -> None:
    @DRAWN
    @given(
        st.sampled_from(["file_id", "model_name", "cursor", "target_column", "include", "x", "{i}"]),
        st.sampled_from(CHARACTERS),
        st.booleans(),
    )
    def draw(name: str, text: str, is_long: bool) -> None:
        def prepare(count: int) -> tuple[Callable[[], httpx.Response], int]:
            count //= 4  # a server refuses a longer head
            parts = [f"{name}={text * 10 * count}"] if is_long else [f"{name}={text}"] * count
            query = "&".join(quote(part.replace("{i}", f"x{i}"), safe="=") for i, part in enumerate(parts))
            headers = {"Content-Type": "text/csv"} if path == "/predict/batch" else {}
            request = handlers.build_request(method, f"{path}?{query}", headers=headers)
            return lambda: handlers.send(request), len(query)

        _check(prepare)

    draw()
