"""PATCH /data/files/{file_id}/reading: the same bytes, read otherwise, as a new dataset."""

from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import Workbook

from core.errors import UnavailableError
from core.jobs.worker import run_job
from core.manifests import Feature
from core.services.handlers import HANDLERS
from core.services.processing import read_again
from core.services.processing.ingest import ingest
from core.settings import load
from tests.support.jobs import end_process
from tests.support.storage import WORKSPACE, Repositories, home

CSV = "城市,面积\n北京,1\n上海,2\n无,3\n北京,4\n上海,5\n".encode("gbk")


@pytest.fixture
def parent(handlers: httpx.Client) -> dict[str, Any]:
    """The answer of an upload in GBK, whose encoding was sent."""
    return upload(handlers, {"encoding": "gbk"})


def upload(handlers: httpx.Client, fields: dict[str, Any], content: bytes = CSV) -> dict[str, Any]:
    answer = handlers.post("/data/upload", files={"file": ("房价.csv", content)}, data=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def patch(handlers: httpx.Client, file_id: str, fields: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return handlers.patch(f"/data/files/{file_id}/reading", json=fields, headers=named)


def test_the_same_bytes_become_a_new_dataset_that_names_its_parent(
    handlers: httpx.Client, repositories: Repositories, parent: dict[str, Any]
) -> None:
    before = {item.key: item.etag for item in repositories.objects.list(f"{WORKSPACE}/datasets/{parent['file_id']}/")}
    answer = patch(handlers, parent["file_id"], {"has_header": False})
    assert answer.status_code == 201, answer.text
    child = answer.json()
    assert answer.headers["Location"] == f"/data/files/{child['file_id']}"
    assert (child["parent"], child["filename"], child["sha256"]) == (parent["file_id"], "房价.csv", parent["sha256"])
    assert (child["rows"], list(child["column_types"])) == (6, ["column_1", "column_2"])
    assert child["reading"] == {"encoding": "gbk", "has_header": False}
    assert repositories.objects.get(f"{WORKSPACE}/datasets/{child['file_id']}/source.csv") == CSV
    after = {item.key: item.etag for item in repositories.objects.list(f"{WORKSPACE}/datasets/{parent['file_id']}/")}
    assert after == before
    for path in (f"/data/info?file_id={child['file_id']}", f"/data/files/{child['file_id']}"):
        shown = handlers.get(path).json()
        assert (shown["parent"], shown["reading"]) == (child["parent"], child["reading"])


def test_what_is_not_sent_stays_and_null_clears_a_field(handlers: httpx.Client, parent: dict[str, Any]) -> None:
    child = patch(handlers, parent["file_id"], {"types": {"面积": "category"}, "missing": ["x"]}).json()
    assert child["reading"] == {"encoding": "gbk", "types": {"面积": "category"}, "missing": ["x"]}
    cleared = patch(handlers, child["file_id"], {"types": None, "missing": None, "encoding": None}).json()
    assert ("reading" in cleared, cleared["encoding"], cleared["parent"]) == (False, "gbk", child["file_id"])
    again = patch(handlers, parent["file_id"], {})
    assert (again.status_code, again.json()["reading"]) == (201, {"encoding": "gbk"})


def test_the_child_is_current_only_if_its_parent_was(handlers: httpx.Client, parent: dict[str, Any]) -> None:
    child = patch(handlers, parent["file_id"], {"keep": ["无"]}).json()
    assert handlers.get("/data/files").json()["current"] == child["file_id"]
    patch(handlers, parent["file_id"], {"has_header": False})
    assert handlers.get("/data/files").json()["current"] == child["file_id"]


def test_the_recipe_goes_on_as_far_as_the_columns_allow(handlers: httpx.Client) -> None:
    table = b"a,b,c,y\n" + b"".join(b"%d,%d,%d,%d\n" % (n, n % 3, n * n, 2 * n) for n in range(12))
    parent = upload(handlers, {}, table)
    recipe = {"handle_missing": "mean", "columns": {"a": "mean", "b": "drop"}, "leave_out": ["c"], "target_column": "y"}
    assert handlers.post("/data/process", json=recipe).status_code == 200
    same = patch(handlers, parent["file_id"], {"missing": ["x"]}).json()
    info = handlers.get("/data/info").json()
    assert (info["file_id"], info["recipe"]) == (same["file_id"], recipe)
    assert handlers.get("/data/profile").json()["target"]["target"] == "y"
    assert not [warning for warning in same["warnings"] if "recipe" in warning]


def test_the_parts_of_a_recipe_that_no_longer_fit_are_named(handlers: httpx.Client) -> None:
    table = b"a,b,y\n" + b"".join(b"%d,%d,%d\n" % (n, n % 3, 2 * n) for n in range(12))
    parent = upload(handlers, {}, table)
    recipe = {"columns": {"a": "mean", "b": "drop"}, "leave_out": ["b"], "target_column": "y"}
    handlers.post("/data/process", json=recipe)
    child = patch(handlers, parent["file_id"], {"has_header": False}).json()
    dropped = [warning for warning in child["warnings"] if warning.startswith("the recipe is taken over without ")]
    assert [warning.partition(" without ")[2] for warning in dropped] == [
        "the target 'y': no such column",
        "'mean' for column 'a': no such column",
        "'drop' for column 'b': no such column",
        "leaving out column 'b': no such column",
    ]
    assert handlers.get("/data/info").json()["recipe"] == {
        "handle_missing": "median",
        "columns": {},
        "leave_out": [],
        "target_column": None,
    }
    assert handlers.get("/data/profile").json()["target"] is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"dates": "german"}, "dates"),
        ({"encoding": "klingon"}, "encoding"),
        ({"types": {"a": "text"}}, "types.a"),
        ({"date": "dmy"}, "date"),
        ({"file_id": "x"}, "file_id"),
        ({"decimal": ",", "thousands": ","}, "thousands"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    handlers: httpx.Client, repositories: Repositories, parent: dict[str, Any], fields: dict[str, Any], field: str
) -> None:
    before = repositories.keys()
    for headers in ({}, {"Prefer": "respond-async"}):
        answer = patch(handlers, parent["file_id"], fields, **headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:regatta:problem:invalid-input")
        assert answer.json()["errors"][0]["field"] == field
    assert repositories.keys() == before


def test_a_field_that_excludes_one_of_the_parent_is_named(handlers: httpx.Client) -> None:
    parent = upload(handlers, {"encoding": "gbk", "decimal": ","})
    answer = patch(handlers, parent["file_id"], {"thousands": ","})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "thousands")


def test_bytes_that_cannot_be_read_so_are_refused_and_nothing_is_stored(
    handlers: httpx.Client, repositories: Repositories, parent: dict[str, Any]
) -> None:
    before = repositories.keys()
    answer = patch(handlers, parent["file_id"], {"encoding": "utf-8"})
    assert answer.status_code == 422
    assert "utf-8" in answer.json()["detail"].lower()
    assert repositories.keys() == before
    assert handlers.get("/data/files").json()["current"] == parent["file_id"]


@pytest.mark.parametrize("file_id", ["00000000000000000000", "A.b", "0"])
def test_a_file_that_does_not_exist_is_a_404(handlers: httpx.Client, file_id: str) -> None:
    for headers in ({}, {"Prefer": "respond-async"}, {"Idempotency_Key": "k"}):
        answer = patch(handlers, file_id, {"dates": "dmy"}, **headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:regatta:problem:no-such-file")


def test_the_same_key_makes_one_dataset(handlers: httpx.Client, parent: dict[str, Any]) -> None:
    first = patch(handlers, parent["file_id"], {"has_header": False}, Idempotency_Key="once")
    second = patch(handlers, parent["file_id"], {"has_header": False}, Idempotency_Key="once")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["Location"] == first.headers["Location"]
    assert len(handlers.get("/data/files").json()["files"]) == 2
    other = patch(handlers, parent["file_id"], {"has_header": True}, Idempotency_Key="once")
    assert (other.status_code, other.json()["type"]) == (422, "urn:regatta:problem:idempotency-key-reused")
    handlers.delete(f"/data/files/{parent['file_id']}")
    assert patch(handlers, parent["file_id"], {"has_header": False}, Idempotency_Key="once").json() == first.json()


def test_a_refusal_with_a_key_is_repeated(handlers: httpx.Client, parent: dict[str, Any]) -> None:
    for _ in range(2):
        answer = patch(handlers, parent["file_id"], {"encoding": "utf-8"}, Idempotency_Key="refused")
        assert answer.status_code == 422
        assert answer.json()["instance"] == f"/data/files/{parent['file_id']}/reading"


@pytest.mark.parametrize("how", ["asked for", "too large"])
def test_what_takes_long_becomes_a_job_with_the_same_answer(
    handlers: httpx.Client, parent: dict[str, Any], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Prefer": "respond-async"} if how == "asked for" else {}
    if how == "too large":
        monkeypatch.setattr(read_again, "settings", lambda: load(max_upload_bytes=10))
    answer = patch(handlers, parent["file_id"], {"has_header": False}, **headers)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (answer.headers["Location"], job["kind"]) == (f"/jobs/{job['job_id']}", "read")
    assert answer.headers.get("Preference-Applied") == headers.get("Prefer")
    run_job(home(), job["job_id"], HANDLERS, seconds=60)
    done = handlers.get(f"/jobs/{job['job_id']}").json()
    assert done["status"] == "succeeded", done
    assert (done["result"]["parent"], done["result"]["rows"]) == (parent["file_id"], 6)
    assert handlers.get("/data/files").json()["current"] == done["result"]["file_id"]


def test_a_job_that_is_tried_again_stores_one_dataset(
    handlers: httpx.Client, parent: dict[str, Any], monkeypatch: pytest.MonkeyPatch, advance_clock: Any
) -> None:
    job_id = patch(handlers, parent["file_id"], {"has_header": False}, Prefer="respond-async").json()["job_id"]
    with monkeypatch.context() as patched:
        patched.setattr(type(home().datasets), "switch", end_process)
        with pytest.raises(SystemExit):
            run_job(home(), job_id, HANDLERS, seconds=60)
    advance_clock()
    with monkeypatch.context() as patched:
        patched.setattr(read_again, "ingest", end_process)
        job = run_job(home(), job_id, HANDLERS, seconds=60)
    assert job is not None and job.status == "succeeded" and job.result is not None
    files = handlers.get("/data/files").json()
    assert [file.get("parent") for file in files["files"]] == [None, parent["file_id"]]
    assert files["current"] == job.result["file_id"]


def test_storage_that_fails_leaves_nothing(
    handlers: httpx.Client, repositories: Repositories, parent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = repositories.keys()

    def fail(*_: Any) -> None:
        raise UnavailableError("down")

    monkeypatch.setattr(type(home().objects), "copy", fail)
    assert patch(handlers, parent["file_id"], {"has_header": False}).status_code == 503
    assert repositories.keys() == before


def test_another_sheet_of_a_workbook_is_read_from_the_same_bytes(
    handlers: httpx.Client, repositories: Repositories
) -> None:
    book = Workbook()
    for name, header in (("first", "a"), ("second", "b")):
        sheet = book.create_sheet(name)
        for row in ([header, "y"], [1, 2.5], [2, 3.5]):
            sheet.append(row)
    book.remove(book.worksheets[0])
    file = BytesIO()
    book.save(file)
    parent = upload(handlers, {}, file.getvalue())
    assert list(parent["column_types"]) == ["a", "y"]
    answer = patch(handlers, parent["file_id"], {"sheet": 2})
    assert answer.status_code == 201, answer.text
    child = answer.json()
    assert (list(child["column_types"]), child["reading"], child["parent"]) == (
        ["b", "y"],
        {"sheet": "2"},
        parent["file_id"],
    )
    assert repositories.objects.get(f"{WORKSPACE}/datasets/{child['file_id']}/source.csv") == file.getvalue()
    for fields in ({"sheet": "third"}, {"encoding": "gbk"}, {"types": {"b": "boolean"}}, {"member": "x.csv"}):
        refused = patch(handlers, child["file_id"], fields)
        assert refused.status_code == 422, fields
        assert refused.json()["errors"][0]["field"].partition(".")[0] in fields
    assert len(handlers.get("/data/files").json()["files"]) == 2


def test_a_file_of_a_series_is_read_again_like_the_series_reads_its_columns(
    handlers: httpx.Client, tmp_path: Path
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b"day,k,y\n01/02/2022,None,-9\n03/04/2022,Yes,1\n05/06/2022,b,2\n")
    like = [
        Feature(name="day", type="date", fill=0.0, format="D/M/Y"),
        Feature(name="k", type="category", fill="a", levels=["None", "a", "b"]),
        Feature(name="gone", type="number", fill=0.0),
    ]
    parent = ingest(home(), "a.csv", source, like=like)
    assert [(feature.name, feature.levels) for feature in parent.like] == [("day", []), ("k", ["None"])]
    child = patch(handlers, parent.file_id, {"missing": ["-9"]}).json()
    assert (child["formats"], child["missing"]) == ({"day": "D/M/Y"}, {"day": 0, "k": 0, "y": 1})
    grandchild = patch(handlers, child["file_id"], {"dates": "mdy", "missing": ["None"]}).json()
    assert (grandchild["formats"], grandchild["missing"]) == ({"day": "M/D/Y"}, {"day": 0, "k": 1, "y": 0})


def test_a_file_that_is_deleted_while_it_is_read_again_is_a_404(
    handlers: httpx.Client, repositories: Repositories, parent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def delete_first(*args: Any, **kwargs: Any) -> Any:
        home().datasets.delete(parent["file_id"])
        return ingest(*args, **kwargs)

    monkeypatch.setattr(read_again, "ingest", delete_first)
    assert patch(handlers, parent["file_id"], {"has_header": False}).status_code == 404
    assert repositories.keys() == []
