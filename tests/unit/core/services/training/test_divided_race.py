"""A comparison with `parallel`: a job whose trials are tasks, with the result of one machine and a best so far."""

from pathlib import Path
from typing import Any

import pytest

from core.automl import fold_fit
from core.errors import InvalidInputError
from core.jobs import service as jobs
from core.jobs.commands import LEAST_PARALLEL_SECONDS, CompareCommand
from core.jobs.divided import run_next_task, run_task
from core.services.handlers import DIVIDED
from core.services.processing.ingest import ingest
from core.services.training import comparison
from core.services.training.commands import check_compare
from core.services.training.compare import compare_models
from core.services.training.divided_race import DividedRace
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from tests.support.jobs import carry_out, read_job
from tests.support.storage import home
from tests.support.tables import first_rows
from tests.unit.core.services.training.test_race_tasks import steady

FASTEST = 3


@pytest.fixture
def concrete(bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(comparison, "DEFAULT_MODEL_TYPES", ("ridge", "decision_tree", "knn"))
    (tmp_path / "concrete.csv").write_bytes(first_rows("concrete", 300))
    return ingest(home(), "concrete.csv", tmp_path / "concrete.csv").file_id


def command(file_id: str, **order: Any) -> CompareCommand:
    return CompareCommand(target_column="strength", file_id=file_id, parallel=True, **order)


def begin(command: CompareCommand) -> str:
    job_id = jobs.submit_job(home(), command).job_id
    assert carry_out(job_id).is_divided
    return job_id


def do(job_id: str, number: int) -> Job:
    return run_task(home(), job_id, number, DIVIDED, seconds=60)


def finished(job_id: str) -> Job:
    while read_job(job_id).is_divided:
        run_next_task(home(), job_id, DIVIDED, seconds=60, stopping=lambda: False)
    return carry_out(job_id)


def test_a_parallel_comparison_is_a_job_with_the_result_of_one_machine(concrete: str) -> None:
    named, effort = check_compare(home(), command(concrete))
    assert effort.seconds == float("inf")
    job_id = begin(named)
    do(job_id, 0)
    shown = read_job(job_id)
    assert (shown.stage, len(shown.standings), sum(shown.parts.values())) == ("1 of 3 tasks", 1, 1.0)
    (first,) = shown.standings
    assert first["folds"] == 5
    assert first["size_bytes"] > 0 < first["latency_us"]
    together = finished(job_id)
    alone = compare_models(home(), named.model_copy(update={"parallel": False}))
    assert (together.status, steady(together.result)) == ("succeeded", steady(alone))


def test_a_cancelled_search_ends_with_the_best_of_its_trials(concrete: str) -> None:
    job_id = begin(command(concrete, ensemble=True, time_limit=600))
    for number in range(FASTEST):
        do(job_id, number)
    jobs.cancel_job(home(), job_id)
    ended = carry_out(job_id)
    assert (ended.status, ended.result["cut"]) == ("cancelled", "cancelled")
    name = ended.result["best"]["model_name"]
    assert home().models.manifest(name, 1).metrics


def test_a_retry_carries_out_only_the_trials_without_a_marker(concrete: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = begin(command(concrete))
    do(job_id, 1)
    jobs.cancel_job(home(), job_id)
    jobs.retry_job(home(), job_id)
    assert carry_out(job_id).stage == "1 of 3 tasks"
    ran: list[int] = []
    run = DividedRace.run_task

    def counted(*arguments: Any) -> Any:
        ran.append(arguments[4])
        return run(*arguments)

    monkeypatch.setattr(DividedRace, "run_task", counted)
    assert (finished(job_id).status, ran) == ("succeeded", [0, 2])


def test_a_model_that_broke_off_every_worker_is_among_the_failed(concrete: str) -> None:
    job_id = begin(command(concrete))
    for _ in range(3):
        home().tasks.take(job_id, 0, "killed", -1)
    assert do(job_id, 0).is_divided
    (failed,) = finished(job_id).result["failed"]
    assert "broke off 3 workers" in failed["error"]
    assert failed["model_type"] not in {row["model_type"] for row in read_job(job_id).result["results"]}


def test_a_model_that_cannot_be_trained_is_among_the_failed(concrete: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_fit, "rows_to_fit", lambda regressor, *_: 1 / 0 if regressor.name == "knn" else _[1])
    ended = finished(begin(command(concrete)))
    assert [row["model_type"] for row in ended.result["failed"]] == ["knn"]
    assert {row["model_type"] for row in ended.result["results"]} == {"baseline", "ridge", "decision_tree"}


def test_a_table_that_is_deleted_while_its_race_runs_ends_it(concrete: str) -> None:
    job_id = begin(command(concrete))
    do(job_id, 0)
    home().datasets.delete(concrete)
    ended = do(job_id, 1)
    assert (ended.status, ended.error["status"]) == ("failed", 404)
    assert concrete in ended.error["detail"]


@pytest.mark.parametrize(
    ("order", "field"),
    [({"training": "batch"}, "training"), ({"time_limit": LEAST_PARALLEL_SECONDS - 1}, "time_limit")],
)
def test_what_does_not_go_with_parallel_is_refused(concrete: str, order: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError, match="parallel=true") as refused:
        check_compare(home(), command(concrete, **order))
    assert [error["field"] for error in refused.value.errors or []] == [field]
