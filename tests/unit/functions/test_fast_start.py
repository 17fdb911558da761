"""Light functions start light: what a cold start pays for is what they load."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

import functions  # noqa: F401 - it starts fast
from core.stored_document import FormattedDocument
from infra.import_contracts import light_functions

ROOT = Path(__file__).resolve().parents[3]
# Those that answer HTTP; the other light functions are woken by events.
LIGHT = [
    name.removeprefix("functions.") for name in light_functions() if (ROOT / name.replace(".", "/") / "app.py").exists()
]
HEAVY_LIBRARIES = {"pandas", "sklearn", "scipy", "pyarrow", "lightgbm", "onnx"}
# Needed only on a cache miss, for a large batch or by others, so loaded only then.
LATER = {"boto3", "botocore", "redis", "xlsxwriter", "msgspec", "pydantic.v1"}


# Whether the models of an OpenAPI document are complete: before the app is asked for one, and afterwards.
COMPLETE = (
    "from fastapi.openapi.models import OpenAPI, Schema\n"
    "print(OpenAPI.__pydantic_complete__, Schema.__pydantic_complete__)\n"
    "sys.modules['{app}'].app.openapi(); Schema.model_validate({{'properties': {{'a': {{'type': 'string'}}}}}})\n"
    "print(OpenAPI.__pydantic_complete__, Schema.__pydantic_complete__)\n"
)


@cache
def started(*modules: str, then: str = "") -> list[str]:
    """What a fresh process prints that imports these: its modules and their packages, then what `then` prints."""
    code = (
        f"import sys, {', '.join(modules)}\n"
        "names = [name for name, loaded in sys.modules.items() if loaded is not None]\n"
        "print(' '.join({*names, *(name.split('.')[0] for name in names)}))\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGATTA_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + then],
        capture_output=True,
        text=True,
        check=True,
        env=environment | {"AWS_LAMBDA_FUNCTION_NAME": "test", "REGATTA_VERIFYING_KEYS": f"{'A' * 43}="},
    )
    return done.stdout.splitlines()


def loaded_by(*modules: str) -> frozenset[str]:
    """The modules in a fresh process that imported these, and their top-level packages."""
    return frozenset(started(*modules)[0].split())


def light_function(name: str) -> tuple[frozenset[str], str]:
    """What a light function loads, and whether the models are complete before and after a document was asked for."""
    loaded, *complete = started(f"functions.{name}.handler", then=COMPLETE.format(app=f"functions.{name}.app"))
    return frozenset(loaded.split()), " ".join(complete)


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_function_loads_nothing_heavy(name: str) -> None:
    loaded, _ = light_function(name)
    assert {"fastapi", "mangum"} <= loaded
    assert loaded & (HEAVY_LIBRARIES | LATER) == set()


@pytest.mark.parametrize("name", ["data", "models", "system", "jobs", "series"])
def test_a_function_that_predicts_nothing_loads_no_runtime(name: str) -> None:
    loaded, _ = light_function(name)
    assert "onnxruntime" not in loaded


@pytest.mark.parametrize("name", ["tasks", "worker"])
def test_a_task_that_predicts_rows_loads_nothing_that_learns_or_reads_files(name: str) -> None:
    loaded = loaded_by(f"functions.{name}.handler", "core.services.table_prediction.divided")
    assert "pyarrow" in loaded
    assert loaded & {"pandas", "sklearn", "scipy", "lightgbm", "onnx"} == set()


def test_no_heavy_function_connects_to_anything_when_it_is_loaded() -> None:
    handlers = [f"functions.{name}.handler" for name in ("upload", "ingest", "process", "train", "worker")]
    loaded = loaded_by(*handlers)
    assert loaded >= {*handlers}
    assert loaded & {"boto3", "redis"} == set()


@pytest.mark.parametrize("name", LIGHT)
def test_models_of_an_openapi_document_wait_until_one_is_asked_for(name: str) -> None:
    _, complete = light_function(name)
    assert complete == "False False True True"


def test_a_process_outside_of_lambda_may_load_pydantic_v1() -> None:
    code = "import functions.predict.app, pydantic.v1; print(pydantic.v1.BaseModel.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["BaseModel"]


def test_one_thread_builds_a_deferred_model_and_the_others_wait() -> None:
    builders: list[int] = []
    second = threading.Event()

    class Signed(FormattedDocument):
        model_config = ConfigDict(defer_build=True)
        signature: str

        @classmethod
        def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
            builders.append(threading.get_ident())
            if len(builders) > 1:
                second.set()
            # Without the lock the other thread comes here at once.
            second.wait(0.3)
            return handler(source)

    def read() -> str:
        together.wait()
        return Signed.model_validate({"signature": "x"}).signature

    together = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        assert [each.result() for each in [threads.submit(read) for _ in range(2)]] == ["x", "x"]
    assert len(builders) == 1
