"""Requests: what goes with them, what is sent again, what an answer becomes."""

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

import regatta as package
from regatta import Retries, errors
from regatta._sync import connection
from tests.support.client_service import URL, ScriptedService, answer, problem, regatta

OK = {"name": "regatta", "version": "0.2.0", "links": {}}
BROKEN = httpx.ReadError("the connection broke off")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the client would make."""
    made: list[float] = []
    monkeypatch.setattr(connection, "sleep", made.append)
    return made


def test_key_and_headers_go_with_every_request() -> None:
    service = ScriptedService(answer(OK))
    regatta(service, api_key="my key", headers={"X-Team": "blue"}).version()
    (request,) = service.requests
    assert (request.headers["X-Api-Key"], request.headers["X-Team"]) == ("my key", "blue")


@pytest.mark.parametrize("url", ["http://host/prod", "http://host/prod/"])
def test_a_prefix_stands_before_every_path(url: str) -> None:
    service = ScriptedService(answer({"files": [], "current": None}))
    regatta(service, url).data.list()
    assert service.calls == ["GET /prod/data/files"]


@pytest.mark.parametrize("failure", [BROKEN, problem("storage-unavailable", 503), answer({}, 502), answer({}, 429)])
def test_what_changes_nothing_is_sent_again(failure: Any) -> None:
    service = ScriptedService(failure, failure, answer(OK))
    assert regatta(service).version() == "0.2.0"
    assert len(service.requests) == 3


def test_after_all_attempts_the_last_failure_is_raised() -> None:
    service = ScriptedService(problem("storage-unavailable", 503, "Storage does not answer."))
    with pytest.raises(errors.StorageUnavailable, match="Storage does not answer"):
        regatta(service, retries=Retries(attempts=3, random=lambda: 0.0)).version()
    assert len(service.requests) == 3


def test_a_post_is_sent_again_with_the_same_key() -> None:
    service = ScriptedService(BROKEN, answer({"before": {}, "after": {}, "recipe": {}}))
    regatta(service).data.process("y")
    first, second = (request.headers["Idempotency-Key"] for request in service.requests)
    assert first == second
    regatta(service).data.process("y")
    assert service.requests[-1].headers["Idempotency-Key"] != first


def test_a_post_without_a_key_is_sent_once() -> None:
    service = ScriptedService(BROKEN)
    with pytest.raises(errors.UnreachableError):
        regatta(service).models.promote("m", 1)
    assert service.calls == ["POST /model/champion/m"]


def test_a_prediction_is_sent_again_without_a_key() -> None:
    service = ScriptedService(BROKEN, answer({"prediction": 1.5, "model_name": "m", "version": 2, "warnings": []}))
    assert regatta(service).predict.row({"a": 1}, "m").prediction == 1.5
    assert [request.headers.get("Idempotency-Key") for request in service.requests] == [None, None]


def test_a_refusal_is_not_sent_again() -> None:
    service = ScriptedService(problem("invalid-input", 422))
    with pytest.raises(errors.InvalidInput):
        regatta(service).data.list()
    assert len(service.requests) == 1


def test_retry_after_is_honoured_with_a_bound(pauses: list[float]) -> None:
    asked = [problem("too-many-requests", 429, retry_after=seconds) for seconds in ("3", "5")]
    regatta(ScriptedService(*asked, answer(OK))).version()
    assert pauses == [3, 5]
    with pytest.raises(errors.TooManyRequests):
        regatta(ScriptedService(problem("too-many-requests", 429, retry_after="3600"))).version()
    assert pauses == [3, 5]


def test_a_request_that_is_being_worked_on_is_waited_for(pauses: list[float]) -> None:
    busy = [problem("idempotency-key-in-use", 409)] * 12
    service = ScriptedService(BROKEN, *busy, answer({"before": {}, "after": {}, "recipe": {}}))
    regatta(service).data.process("y")
    assert len(service.requests) == 14
    assert max(pauses) == 5


def test_nothing_at_this_machines_port_is_said_at_once(pauses: list[float]) -> None:
    service = ScriptedService(httpx.ConnectError("Connection refused"))
    with pytest.raises(errors.UnreachableError, match=r"127\.0\.0\.1:8000 does not answer.*regatta up"):
        regatta(service, "http://127.0.0.1:8000").version()
    assert (len(service.requests), pauses) == (1, [])


def test_another_machine_may_be_back_in_a_moment() -> None:
    assert regatta(ScriptedService(httpx.ConnectError("refused"), answer(OK)), "http://far").version() == "0.2.0"


def test_a_timeout_names_the_way_out() -> None:
    with pytest.raises(errors.UnreachableError, match="larger timeout="):
        regatta(ScriptedService(httpx.ReadTimeout("timed out"))).version()


@pytest.mark.parametrize("version", ["1.0.0", "0.3.0", "2.1"])
def test_a_service_of_another_release_is_named_with_both_versions(version: str) -> None:
    with pytest.raises(errors.IncompatibleServerError, match=version) as raised:
        regatta(ScriptedService(answer(OK, Regatta_Version=version))).version()
    assert (raised.value.server_version, raised.value.client_version) == (version, package.__version__)


def test_a_service_of_another_patch_is_the_same() -> None:
    patched = f"{package.__version__.rpartition('.')[0]}.99"
    assert regatta(ScriptedService(answer(OK, Regatta_Version=patched))).version() == "0.2.0"


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_page_of_html_is_not_regatta(status: int) -> None:
    page = httpx.Response(status, html="<h1>Welcome to nginx!</h1>")
    with pytest.raises(errors.NotRegattaError, match=r"text/html.*Check url=") as raised:
        regatta(ScriptedService(page)).version()
    assert raised.value.status == status


def test_json_of_another_program_is_not_regatta() -> None:
    with pytest.raises(errors.NotRegattaError, match="application/json"):
        regatta(ScriptedService(httpx.Response(200, json={"version": "7"}))).version()


def test_a_proxy_that_has_no_backend_is_a_server_error() -> None:
    with pytest.raises(errors.ServerError, match=r"http://service answered 502"):
        regatta(ScriptedService(httpx.Response(502, html="<h1>Bad Gateway</h1>"))).version()


@pytest.mark.parametrize("location", ["https://service/", "https://login.example/?next=secret"])
def test_a_redirect_elsewhere_is_named_and_not_followed(location: str) -> None:
    service = ScriptedService(httpx.Response(301, headers={"Location": location}))
    with pytest.raises(errors.NotRegattaError, match=location.partition("?")[0].rstrip("/")) as raised:
        regatta(service, api_key="my key").version()
    assert len(service.requests) == 1
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_one_exception_that_does_not_show_it(status: int) -> None:
    service = ScriptedService(httpx.Response(status, json={"message": "Forbidden"}))
    with pytest.raises(errors.AuthenticationError, match=r"Forbidden\. Send the right key with api_key=") as raised:
        regatta(service, api_key="my key").version()
    assert raised.value.status == status
    assert "my key" not in str(raised.value) + repr(raised.value)


def test_a_large_answer_is_fetched_from_its_url_without_key_and_headers() -> None:
    predictions = {"predictions": [1.0], "count": 1, "model_name": "m", "version": 1, "warnings": []}
    service = ScriptedService(
        answer(None, 303, Location="https://bucket.example/answer.json?signature=s"),
        httpx.Response(200, json=predictions),
    )
    client = regatta(service, api_key="my key", headers={"X-Team": "blue"})
    assert [*client.predict([{"a": 1}], "m")] == [1.0]
    there = service.requests[1]
    assert (there.method, there.url.host) == ("GET", "bucket.example")
    assert not {"x-api-key", "x-team", "idempotency-key"} & {*there.headers}


def test_a_file_at_the_service_itself_gets_the_key() -> None:
    service = ScriptedService(answer(None, 303, Location="/files/1"), answer(OK))
    assert regatta(service, "http://host/prod", api_key="my key").version() == "0.2.0"
    assert service.requests[1].headers["X-Api-Key"] == "my key"


def test_a_bucket_out_of_reach_is_named_with_the_way_out() -> None:
    service = ScriptedService(
        answer(None, 303, Location="http://minio.internal:9000/model?signature=s"), httpx.ConnectError("no such host")
    )
    with pytest.raises(errors.RedirectTargetUnreachable, match=r"minio\.internal.*object\s+store") as raised:
        regatta(service).models.download("m", "model.onnx")
    assert raised.value.host == "minio.internal"
    assert "signature" not in str(raised.value)


def test_a_download_that_breaks_off_begins_anew_and_leaves_no_part(tmp_path: Path) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        def body() -> Any:
            yield b"half of "
            raise BROKEN

        return httpx.Response(200, headers={"Regatta-Version": package.__version__}, content=body())

    whole = httpx.Response(200, headers={"Regatta-Version": package.__version__}, content=b"a model")
    target = tmp_path / "model.onnx"
    assert regatta(ScriptedService(broken, whole)).models.download("m", target) == target
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("model.onnx", b"a model")]


def test_a_refused_download_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    target.write_bytes(b"older")
    with pytest.raises(errors.ModelNotFound):
        regatta(ScriptedService(problem("no-such-model", 404))).models.download("m", target)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("model.onnx", b"older")]


def test_a_folder_that_is_not_there_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    service = ScriptedService(answer(OK))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        regatta(service).models.download("m", tmp_path / "nowhere/model.onnx")
    assert service.calls == []


def test_a_name_is_one_segment_of_a_path() -> None:
    service = ScriptedService(answer({"model_name": "a/b ?", "version": 1, "features": []}))
    regatta(service).models.schema("a/b ?")
    assert service.requests[0].url.raw_path == b"/model/schema/a%2Fb%20%3F"


def test_an_empty_name_is_refused_before_anything_is_sent() -> None:
    service = ScriptedService(answer(OK))
    for call in (regatta(service).series.get, regatta(service).data.delete, regatta(service).models.delete):
        with pytest.raises(errors.InvalidInput, match="is empty"):
            call("")
    assert service.calls == []


def test_a_request_to_another_host_is_refused_because_the_key_goes_with_it() -> None:
    service = ScriptedService(answer(OK))
    client = regatta(service, api_key="my key")
    with pytest.raises(ValueError, match=r"bucket\.example is not the service"):
        client.request("GET", "https://bucket.example/f.csv?signature=s")
    assert service.calls == []
    client.request("GET", f"{URL}/status")
    assert len(service.calls) == 1


def test_what_is_not_given_is_not_sent() -> None:
    job = {"job_id": "j", "kind": "train", "status": "queued"}
    service = ScriptedService(answer(job, 202))
    regatta(service).models.submit_train("ridge", "y", params={"alpha": None})
    assert json.loads(service.requests[0].content) == {
        "model_type": "ridge",
        "target_column": "y",
        "params": {"alpha": None},
    }


def test_the_key_is_in_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = regatta(ScriptedService(answer(OK)), api_key="my key")
    client.version()
    assert "my key" not in caplog.text + repr(client) + repr(client.data)
    assert repr(client) == f"Regatta({URL!r})"


def test_a_large_export_is_a_job_whose_file_is_fetched_without_the_key(tmp_path: Path) -> None:
    job = {"job_id": "j1", "kind": "export", "status": "running", "stage": "predicting", "progress": 0.5}
    done = {
        **job,
        "status": "succeeded",
        "progress": 1.0,
        "result": {"url": "https://bucket.example/f.csv?signature=s"},
    }
    service = ScriptedService(
        answer(job, 202), answer(job), answer(done), httpx.Response(200, content=b"a,prediction\n")
    )
    seen: list[tuple[str, float]] = []
    path = regatta(service, api_key="my key").predict.export(
        tmp_path / "p.csv", "m", file_id="f", on_progress=lambda *progress: seen.append(progress)
    )
    assert (path.read_bytes(), seen) == (b"a,prediction\n", [("predicting", 0.5), ("predicting", 1.0)])
    assert [request.url.host for request in service.requests] == ["service"] * 3 + ["bucket.example"]
    assert "X-Api-Key" not in service.requests[-1].headers


def test_an_export_of_several_files_is_a_folder_of_them(tmp_path: Path) -> None:
    parts = [{"url": f"https://bucket.example/{n}", "filename": f"../m-{n}.parquet", "rows": 1} for n in range(2)]
    job = {"job_id": "j1", "kind": "export", "status": "succeeded", "stage": "", "progress": 1.0}
    done = {**job, "result": {"url": "https://bucket.example/manifest", "parts": 2}}
    manifest = httpx.Response(200, json={"format": "parquet", "rows": 2, "parts": parts})
    files = [httpx.Response(200, content=b"first"), httpx.Response(200, content=b"second")]
    (tmp_path / "p.parquet").write_text("of an earlier export")
    service = ScriptedService(answer({**job, "status": "queued"}, 202), answer(done), manifest, *files)
    folder = regatta(service).predict.export(tmp_path / "p.parquet", "m", file_id="f", format="parquet")
    found = {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith("_")}
    assert found == {"m-0.parquet": b"first", "m-1.parquet": b"second"}
    assert [*tmp_path.iterdir()] == [folder]


def test_objects_are_predicted_as_a_job_whose_answer_is_fetched() -> None:
    job = {"job_id": "j1", "kind": "predict", "status": "succeeded", "stage": "", "progress": 1.0}
    done = {**job, "result": {"url": "https://bucket.example/answer"}}
    bounds = {"interval": {"level": 0.9}, "lower": [1.0], "upper": [3.0]}
    found = {"predictions": [2.0], "count": 1, "model_name": "m", "version": 4, "warnings": ["odd"], **bounds}
    service = ScriptedService(answer({**job, "status": "queued"}, 202), answer(done), httpx.Response(200, json=found))
    predictions = regatta(service, api_key="my key").predict.stored("m", prefix="march/part-", interval=0.9)
    assert json.loads(service.requests[0].content) == {"model_name": "m", "prefix": "march/part-", "interval": 0.9}
    assert (list(predictions), predictions.version, predictions.warnings) == ([2.0], 4, ["odd"])
    assert (predictions.level, predictions.lower, predictions.raw) == (0.9, [1.0], found)
    assert "X-Api-Key" not in service.requests[-1].headers


def test_an_export_whose_part_cannot_be_fetched_leaves_the_former_file(tmp_path: Path) -> None:
    job = {"job_id": "j1", "kind": "export", "status": "succeeded", "stage": "", "progress": 1.0}
    done = {**job, "result": {"url": "https://bucket.example/manifest", "parts": 1}}
    manifest = httpx.Response(200, json={"parts": [{"url": "https://bucket.example/0", "filename": "m-0.parquet"}]})
    (tmp_path / "p.parquet").write_text("of an earlier export")
    service = ScriptedService(answer({**job, "status": "queued"}, 202), answer(done), manifest, httpx.Response(403))
    with pytest.raises(errors.ServerError, match=r"bucket\.example does not send the file \(403\)"):
        regatta(service).predict.export(tmp_path / "p.parquet", "m", file_id="f", format="parquet")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["of an earlier export"]


def test_a_file_whose_url_has_expired_says_so(tmp_path: Path) -> None:
    service = ScriptedService(answer(None, 303, Location="https://bucket.example/f"), httpx.Response(403))
    with pytest.raises(errors.ServerError, match=r"bucket\.example does not send the file \(403\)"):
        regatta(service).models.download("m", tmp_path / "m.onnx")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("body", [b"{bro", b"[]", b"null", b""])
def test_an_answer_that_is_no_object_names_what_stands_between(body: bytes) -> None:
    cut = httpx.Response(200, content=body, headers={"Regatta-Version": package.__version__})
    with pytest.raises(errors.NotRegattaError, match=r"the body is no JSON object\. Look at the proxies"):
        regatta(ScriptedService(cut)).data.list()


def test_an_answer_that_cannot_be_unpacked_is_named() -> None:
    service = ScriptedService(httpx.DecodingError("incorrect header check"))
    with pytest.raises(errors.NotRegattaError, match="cannot be read: incorrect header check"):
        regatta(service).version()


def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    service = ScriptedService(answer(None, 303, Location="/again"))
    with pytest.raises(errors.NotRegattaError, match="it redirected 5 times"):
        regatta(service).models.download("m", tmp_path / "m.onnx")
    assert len(service.requests) == 6


def test_a_redirect_to_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.NotRegattaError, match="does not say where to"):
        regatta(ScriptedService(answer(None, 303))).models.download("m", tmp_path / "m.onnx")


def test_a_folder_cannot_be_the_file(tmp_path: Path) -> None:
    service = ScriptedService(answer(OK))
    with pytest.raises(IsADirectoryError, match="not the name of a file"):
        regatta(service).models.download("m", tmp_path)
    assert service.calls == []


@pytest.mark.parametrize(
    ("failure", "way_out"),
    [
        (httpx.RemoteProtocolError("peer closed connection"), r"broke off the connection .* Call again"),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER]"), "Write http:// or https:// in url="),
    ],
)
def test_a_failed_connection_says_its_own_way_out(failure: httpx.TransportError, way_out: str) -> None:
    with pytest.raises(errors.UnreachableError, match=way_out):
        regatta(ScriptedService(failure), retries=Retries(attempts=1)).version()


@pytest.mark.parametrize("version", ["banana", "", "v1"])
def test_a_header_that_is_no_version_is_none_of_a_service(version: str) -> None:
    service = ScriptedService(httpx.Response(200, json={}, headers={"Regatta-Version": version}))
    with pytest.raises(errors.NotRegattaError, match=f"its header Regatta-Version is '{version}'"):
        regatta(service).version()
    assert len(service.calls) == 1
