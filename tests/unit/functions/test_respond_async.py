"""Long work over HTTP: what becomes a job, what is answered at once, and what is refused at once."""

from concurrent.futures import Future, wait
from threading import Event
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from core.context_threads import begin_in_context
from core.deadlines import deadline
from core.jobs import service as jobs
from core.jobs.commands import TrainCommand
from core.jobs.worker import run_job
from core.progress import ReportProgress
from core.services.handlers import HANDLERS
from core.services.prediction.loaded_models import find_model
from core.settings import Settings, settings
from core.storage.container import container
from core.storage.workspace import Workspace
from functions import respond_async
from functions.answer_terms import AnswerTerms
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS

ORDER = {"model_type": "ridge", "target_column": "mpg", "model_name": "car"}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def client(handlers: httpx.Client) -> httpx.Client:
    """The Lambda handlers over an emulated bucket with one table in it."""
    handlers.post("/data/upload", files={"file": ("mpg.csv", CSVS["mpg"][0].read_bytes())})
    return handlers


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that waits for next to nothing."""
    monkeypatch.setenv("REGATTA_ANSWER_SECONDS", "0.001")
    settings.cache_clear()


def train(client: httpx.Client, headers: dict[str, str], **fields: object) -> httpx.Response:
    return client.post("/model/train", json={**ORDER, **fields}, headers=headers)


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("respond-async", 202),
        ("Respond-Async, return=minimal", 202),
        ("handling=lenient, respond-async", 202),
        ("respond-async, wait=0", 202),
        ("respond-async, wait=3599", 200),
        ("respond-async, wait=3600", 200),
        (f"respond-async, wait={'9' * 40}", 200),
        ("wait=1", 200),
        ("respond-asynchronously", 200),
        ("respond-async, wait=soon", 202),
        ("", 200),
    ],
)
def test_the_caller_chooses(client: httpx.Client, prefer: str, status: int) -> None:
    answer = train(client, {"Prefer": prefer})
    assert answer.status_code == status
    assert answer.headers.get("preference-applied") == ("respond-async" if status == 202 else None)


def test_what_would_not_fit_becomes_a_job_by_itself(client: httpx.Client, short: None) -> None:
    answer = train(client, {})
    assert (answer.status_code, "preference-applied" in answer.headers) == (202, False)
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['job_id']}"
    assert client.get(answer.headers["location"]).json() == job
    run_job(home(), job["job_id"], HANDLERS, seconds=60)
    assert client.get(answer.headers["location"]).json()["result"]["model_name"] == "car"


@pytest.mark.parametrize(
    ("fields", "status", "slug"),
    [
        ({"model_type": "oracle"}, 422, "unknown-model-type"),
        ({"target_column": "speed"}, 422, "unknown-column"),
        ({"target_column": "name"}, 422, "bad-target"),
        ({"file_id": "00000000"}, 404, "no-such-file"),
        ({"params": {"depth": 3}}, 422, "bad-parameter"),
        ({"params": {"max_iter": 10**9}}, 422, "bad-parameter"),
        ({"model_type": "random_forest", "params": {"n_jobs": 500}}, 422, "bad-parameter"),
        ({"model_type": "random_forest", "params": {"n_estimators": 10**4000}}, 422, "bad-parameter"),
        ({"model_name": "../x"}, 422, "invalid-input"),
        ({"test_size": 2}, 422, "invalid-input"),
    ],
)
def test_a_wrong_order_is_refused_at_once(
    client: httpx.Client, fields: dict[str, object], status: int, slug: str
) -> None:
    answer = train(client, ASYNC, **fields)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:regatta:problem:{slug}")
    assert client.get("/jobs").json() == {"jobs": [], "next": None}


def test_parameters_that_take_longer_than_a_job_are_refused_before_it_begins(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.services.training.commands.settings", lambda: Settings(job_seconds=1))
    answer = train(client, ASYNC, model_type="random_forest", params={"n_estimators": 5_000})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:regatta:problem:bad-parameter")
    assert answer.json()["errors"] == [{"field": "params.n_estimators", "message": "makes it take too long"}]
    assert train(client, ASYNC, model_type="random_forest").status_code == 202


def test_a_job_learns_from_the_file_that_was_current_when_it_was_ordered(client: httpx.Client) -> None:
    ordered = client.get("/data/files").json()["current"]
    job_id = train(client, ASYNC).json()["job_id"]
    client.post("/data/upload", files={"file": ("other.csv", b"a,mpg\n" + b"1,2\n3,4\n" * 20)})
    run_job(home(), job_id, HANDLERS, seconds=60)
    assert home().models.manifest("car").dataset.file_id == ordered


def test_a_job_brings_the_model_itself_where_that_was_ordered(client: httpx.Client) -> None:
    job_id = train(client, ASYNC, return_model=True).json()["job_id"]
    run_job(home(), job_id, HANDLERS, seconds=60)
    result = client.get(f"/jobs/{job_id}").json()["result"]
    assert set(result) == set(train(client, {}, return_model=True).json())
    assert "model_data" not in client.get("/jobs").json()["jobs"][0]["result"]
    assert find_model(home(), None, model_data=result["model_data"]).manifest.job_id == job_id
    container().objects.delete([item.key for item in container().objects.list(f"{WORKSPACE}/models/")])
    later = client.get(f"/jobs/{job_id}").json()["result"]
    assert (later["model_data"], later["warnings"][-1]) == (None, "the model has been deleted since")


def test_a_key_means_the_same_job_though_its_message_was_lost(client: httpx.Client) -> None:
    headers = {**ASYNC, "Idempotency-Key": "7"}
    first = train(client, headers)
    container().queue.remove(WORKSPACE, first.json()["job_id"])
    second = train(client, headers)
    assert (first.status_code, second.status_code, first.json()) == (202, 202, second.json())
    assert container().queue.waiting() == [(WORKSPACE, first.json()["job_id"])]


def test_a_comparison_can_be_a_job(client: httpx.Client) -> None:
    answer = client.post("/model/compare", params={"target_column": "mpg"}, headers=ASYNC)
    assert (answer.status_code, answer.json()["kind"]) == (202, "compare")


def test_jobs_are_cancelled_and_tried_again_over_http(client: httpx.Client) -> None:
    job_id = train(client, ASYNC).json()["job_id"]
    assert client.post(f"/jobs/{job_id}/cancel").json()["status"] == "cancelled"
    again = client.post(f"/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["status"]) == (202, "queued")
    run_job(home(), job_id, HANDLERS, seconds=60)
    for verb in ("cancel", "retry"):
        refused = client.post(f"/jobs/{job_id}/{verb}")
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:regatta:problem:conflict")


def test_the_list_goes_on_where_the_page_before_ended(client: httpx.Client) -> None:
    ids = [train(client, ASYNC).json()["job_id"] for _ in range(3)]
    first = client.get("/jobs", params={"limit": 2}).json()
    second = client.get("/jobs", params={"limit": 2, "after": first["next"]}).json()
    assert [job["job_id"] for job in first["jobs"] + second["jobs"]] == ids[::-1]
    assert second["next"] is None


def test_another_workspace_has_other_jobs(client: httpx.Client) -> None:
    job_id = train(client, ASYNC).json()["job_id"]
    assert container().workspace("other").jobs.read(job_id) is None
    assert jobs.list_jobs(container().workspace("other"), 10) == ([], None)


class TestWhatTakesLongerThanExpected:
    """It becomes a job when its time is over, whatever it does by then."""

    @pytest.fixture
    def begun(self, monkeypatch: pytest.MonkeyPatch) -> list[Future[Any]]:
        """The work that was begun; its caller waits for none of it."""
        found: list[Future[Any]] = []

        def remember(*arguments: Any, **options: Any) -> Future[Any]:
            found.append(begin_in_context(*arguments, **options))
            return found[-1]

        monkeypatch.setattr(respond_async, "begin_in_context", remember)
        monkeypatch.setattr(AnswerTerms, "longest_wait", lambda terms: 0.0)
        return found

    @pytest.fixture
    def answered(self, monkeypatch: pytest.MonkeyPatch) -> Event:
        """Lets the first training begin when it is set."""
        event, trains = Event(), HANDLERS[TrainCommand]

        def train_late(workspace: Workspace, command: TrainCommand, report: ReportProgress, job_id: str | None) -> Any:
            assert event.wait(60)
            report("training", 0.0)
            return trains(workspace, command, report, job_id)

        monkeypatch.setitem(HANDLERS.loaders, TrainCommand, lambda: train_late)
        return event

    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "late"}])
    def test_is_a_job(
        self, client: httpx.Client, begun: list[Future[Any]], answered: Event, headers: dict[str, str]
    ) -> None:
        answer = train(client, headers)
        answered.set()
        wait(begun, 60)
        job = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (202, f"/jobs/{job['job_id']}")
        assert client.get("/model/trained").json()["models"] == []
        assert container().queue.waiting() == [(WORKSPACE, job["job_id"])]
        assert client.get(answer.headers["location"]).json()["status"] == "queued"
        run_job(home(), job["job_id"], HANDLERS, seconds=60)
        assert client.get(answer.headers["location"]).json()["result"]["version"] == 1

    def test_stores_once_what_was_stored_in_the_last_moment(
        self, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def too_late(futures: list[Future[Any]], seconds: float) -> Any:
            wait(futures)
            return SimpleNamespace(done=set())

        monkeypatch.setattr(AnswerTerms, "longest_wait", lambda terms: 3600.0)
        monkeypatch.setattr(respond_async, "wait", too_late)
        answer = train(client, {})
        run_job(home(), answer.json()["job_id"], HANDLERS, seconds=60)
        assert answer.status_code == 202
        assert [model["version"] for model in client.get("/model/trained").json()["models"]] == [1]


@pytest.mark.parametrize(
    ("left", "answer_seconds", "prefer", "longest"),
    [
        (28.0, "25", "", 25.0),  # behind a gateway
        (20.0, "25", "", 17.0),  # after a slow start
        (1.0, "25", "", 0.0),
        (3630.0, "0", "", float("inf")),  # a server
        (3630.0, "25", "", 25.0),
        (28.0, "25", "respond-async, wait=7", 7.0),
    ],
)
def test_how_long_is_waited(
    monkeypatch: pytest.MonkeyPatch, left: float, answer_seconds: str, prefer: str, longest: float
) -> None:
    monkeypatch.setenv("REGATTA_ANSWER_SECONDS", answer_seconds)
    settings.cache_clear()
    monkeypatch.setattr("core.deadlines.clock", lambda: 100.0)
    terms = AnswerTerms("/model/train", None, bool(prefer), 7.0 if prefer else None)
    with deadline(left):
        assert terms.longest_wait() == longest
