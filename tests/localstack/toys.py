"""Functions beside the template's, to see what becomes of one that misbehaves."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from infra.deploy.emulator_template import RUNTIME
from infra.emulator_account import ACCOUNT
from tests.localstack.events import Json
from tests.localstack.running import LocalStack

# Takes the name of a deed; returns the answer of the function and its log.
Invoke = Callable[[str], tuple[Json, str]]


def toy_function(localstack: LocalStack, name: str, handler: str) -> Invoke:
    """Deploy toy.py under `name`; return a function that invokes it and returns its answer and its log."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("toy.py", Path(__file__).with_name("toy.py").read_bytes())
    functions = localstack.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role=f"arn:aws:iam::{ACCOUNT}:role/toy",
        Handler=handler,
        Code={"ZipFile": code.getvalue()},
        Timeout=1,
        Environment={"Variables": {"ANSWER": "42"}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def invoke(what: str) -> tuple[Json, str]:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps({"do": what}), LogType="Tail")
        return json.loads(answer["Payload"].read()), answer.get("LogResult", "")

    return invoke
