"""Every operation of the OpenAPI document is a method of the three clients, or is said to be none.

A new endpoint fails here until each client has a method for it.
"""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATHS = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))["paths"]
OPERATIONS = {operation["operationId"]: path for path, methods in PATHS.items() for operation in methods.values()}

# By operation the resource and the method of the clients, in the words of Python.
METHODS = {
    "get_status": "client.status",
    "get_index": "client.version",
    "upload_file": "data.upload",
    "start_upload": "data.upload",
    "resume_upload": "data.upload",
    "complete_upload": "data.upload",
    "list_files": "data.list",
    "get_dataset": "data.get",
    "get_file_status": "data.status",
    "preview_dataset": "data.preview",
    "read_rows": "data.rows",
    "profile_dataset": "data.profile",
    "report_dataset": "data.report",
    "find_outliers": "data.outliers",
    "process_dataset": "data.process",
    "download_dataset": "data.download",
    "switch_file": "data.switch",
    "rename_file": "data.rename",
    "delete_file": "data.delete",
    "change_reading": "data.read_again",
    "list_regressors": "models.available",
    "train_model": "models.train",
    "compare_models": "models.compare",
    "list_models": "models.list",
    "get_model": "models.get",
    "get_metrics": "models.metrics",
    "get_importance": "models.importance",
    "report_model": "models.report",
    "get_effects": "models.effects",
    "get_schema": "models.schema",
    "download_model": "models.download",
    "choose_champion": "models.promote",
    "rename_model": "models.rename",
    "delete_model": "models.delete",
    "predict_row": "predict.row",
    "predict_rows": "predict.rows",
    "export_predictions": "predict.export",
    "list_jobs": "jobs.list",
    "get_job": "jobs.get",
    "cancel_job": "jobs.cancel",
    "retry_job": "jobs.retry",
    "list_series": "series.list",
    "get_series": "series.get",
    "configure_series": "series.configure",
    "list_decisions": "series.history",
    "report_decision": "series.report",
    "overrule_decision": "series.overrule",
    "presign_series_upload": "series.upload",
}
PROTOCOL = "for clients of the Open Inference Protocol, which have their own libraries"
PROBE = "for load balancers and orchestrators"
WITHOUT_METHOD = {
    "check_health": PROBE,
    "check_readiness": PROBE,
    "abort_upload": "an upload that nobody completes is deleted after two days",
    "get_server_metadata": PROTOCOL,
    "get_liveness": PROTOCOL,
    "get_readiness": PROTOCOL,
    "get_model_metadata": PROTOCOL,
    "get_model_readiness": PROTOCOL,
    "get_version_metadata": PROTOCOL,
    "get_version_readiness": PROTOCOL,
    "infer": PROTOCOL,
    "infer_with_version": PROTOCOL,
}
# Where a client has the method under another name.
NAMES = {("python", "predict.rows"): "predict.__call__"}


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


def python_source(resource: str) -> str:
    return (ROOT / f"clients/python/regatta/_async/{resource}.py").read_text(encoding="utf-8")


def go_source(_: str) -> str:
    files = sorted((ROOT / "clients/go").glob("*.go"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files if not file.name.endswith("_test.go"))


def typescript_source(resource: str) -> str:
    return (ROOT / f"clients/typescript/src/{resource}.ts").read_text(encoding="utf-8")


def has_python(resource: str, method: str) -> bool:
    return re.search(rf"^    async def {method}\(", python_source(resource), re.MULTILINE) is not None


def has_go(resource: str, method: str) -> bool:
    receiver = "c *Client" if resource == "client" else f"r *{resource.capitalize()}Resource"
    name = camel(method)
    return f"func ({receiver}) {name[0].upper()}{name[1:]}(" in go_source(resource)


def has_typescript(resource: str, method: str) -> bool:
    return re.search(rf"^  (async )?{camel(method)}(<|\()", typescript_source(resource), re.MULTILINE) is not None


CLIENTS = {"python": has_python, "go": has_go, "typescript": has_typescript}


def test_every_operation_is_a_method_or_is_said_to_be_none() -> None:
    assert OPERATIONS.keys() == METHODS.keys() | WITHOUT_METHOD.keys(), "add a method to each client, and its name here"
    assert not METHODS.keys() & WITHOUT_METHOD.keys()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("operation", METHODS)
def test_a_client_has_the_method(operation: str, client: str) -> None:
    resource, _, method = NAMES.get((client, METHODS[operation]), METHODS[operation]).partition(".")
    assert CLIENTS[client](resource, method), f"the client in {client} has no {resource}.{method} for {operation}"


@pytest.mark.parametrize(
    ("client", "pattern"), [("python", "regatta/_async/*.py"), ("go", "*.go"), ("typescript", "src/*.ts")]
)
@pytest.mark.parametrize("operation", METHODS)
def test_a_client_sends_to_the_path(operation: str, client: str, pattern: str) -> None:
    generated = {"schema.ts"}
    files = [file for file in (ROOT / "clients" / client).glob(pattern) if file.name not in generated]
    source = "\n".join(file.read_text(encoding="utf-8") for file in files if not file.name.endswith("_test.go"))
    for word in re.findall(r"/(\w+)", OPERATIONS[operation]):
        assert re.search(rf"[\"'`/]{word}\b", source), (
            f"the client in {client} nowhere sends to {OPERATIONS[operation]}"
        )
