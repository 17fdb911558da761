"""Races that are ended before their time, or whose winner cannot be stored: the best so far, or the next best, wins."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from core.automl import portfolio_search, refit, refit_stage, screening, verified_graph
from core.automl.selection import Selection, select
from core.automl.serving_cost import ServingCost
from core.errors import ConflictError, TrainingFailedError
from core.jobs import attempt
from core.jobs import service as jobs
from core.jobs.commands import CompareCommand
from core.jobs.worker import run_job
from core.progress import Reason, StoppedError, ignore_progress
from core.services.handlers import HANDLERS
from core.services.processing.ingest import ingest
from core.services.training import compare
from core.services.training.compare import compare_models
from core.services.training.reproduce import reproduce
from core.settings import settings
from core.storage.container import container
from core.storage.job_repository import Job
from core.storage.s3.object_store import ObjectStore
from core.types import Json
from functions.job_responses import job_response
from tests.support.simulated_time import ShiftedTime, SimulatedTime, simulate_races
from tests.support.storage import home
from tests.support.tables import CSVS, noisy
from tests.support.training import fast_presets
from tests.support.waiting import wait_for

# Far more than any of these takes on the simulated clock.
LIMIT = 300.0
# A few models, and four seconds to fit and store what there is.
SOON = 10.0


@pytest.fixture
def concrete(bucket: ObjectStore) -> str:
    return stored_table(bucket, "concrete")


@pytest.fixture
def mpg(bucket: ObjectStore) -> str:
    """A table on which blends win from a few models on."""
    return stored_table(bucket, "mpg")


@pytest.fixture(autouse=True)
def clock(three_folds: None, monkeypatch: pytest.MonkeyPatch) -> SimulatedTime:
    """Let what a time allows be the same on every machine."""
    return simulate_races(monkeypatch, compare)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a search propose fast presets only, so that it ends because all have run and not by time."""
    monkeypatch.setattr(portfolio_search, "select_presets", fast_presets)


def stored_table(bucket: ObjectStore, name: str) -> str:
    container().objects._client = bucket.client
    return ingest(home(), f"{name}.csv", CSVS[name][0]).file_id


def raced(
    file_id: str, report_progress: Callable[..., None] = ignore_progress, target: str = "strength", **order: Any
) -> Json:
    asked = {"time_limit": LIMIT, **order}
    return compare_models(
        home(), CompareCommand(target_column=target, file_id=file_id, ensemble=True, **asked), report_progress
    )


def stored() -> list[str]:
    return [model.model_name for model, _ in home().models.page(100).models]


class Ended:
    """A `ReportProgress` that ends the work from `stage` on, once so many models came through so many folds."""

    def __init__(self, reason: Reason, *, models: int = 2, folds: int = 1, stage: str = "training") -> None:
        self.reason, self.models, self.folds, self.stage = reason, models, folds, stage
        self.over = False

    def __call__(self, stage: str, share: float, parts: Any = None, standings: Sequence[Any] | None = None) -> None:
        through = sum(one["folds"] >= self.folds for one in standings or [])
        if self.over or (stage == self.stage and (through >= self.models or stage == "storing")):
            self.over = True
            raise StoppedError(self.reason)


@pytest.mark.parametrize("reason", ["cancelled", "timeout"])
def test_a_race_that_is_cut_gives_its_best_so_far_within_seconds(
    concrete: str, reason: Reason, clock: SimulatedTime
) -> None:
    begun = clock.now
    answer = raced(concrete, Ended(reason))
    assert clock.now - begun < SOON
    assert answer["cut"] == reason
    assert [answer["best"]["model_name"]] == stored()
    assert answer["best"]["metrics"]["r2"] > 0.5
    assert any("ended before its time" in warning for warning in answer["warnings"])
    assert any("was ended before it had run" in row["error"] for row in answer["failed"])
    manifest = home().models.manifest(answer["best"]["model_name"])
    assert manifest.race is not None
    assert manifest.race.cut == reason


@pytest.mark.usefixtures("fast")
def test_a_race_that_is_cut_while_its_winner_is_stored_stores_it(concrete: str) -> None:
    answer = raced(concrete, Ended("cancelled", stage="storing"))
    assert (answer["cut"], len(stored())) == ("cancelled", 1)


@pytest.mark.parametrize(("reason", "models"), [("cancelled", 0), ("stopping", 2), ("lost", 2)])
def test_without_anything_so_far_or_with_another_worker_to_come_nothing_is_stored(
    concrete: str, reason: Reason, models: int
) -> None:
    with pytest.raises(StoppedError):
        raced(concrete, Ended(reason, models=models))
    assert stored() == []


@pytest.mark.usefixtures("fast")
def test_a_repetition_that_was_cut_counts_for_nobody(bucket: ObjectStore, tmp_path: Path) -> None:
    def end_in_a_repetition(stage: str, share: float, parts: Any = None, standings: Any = None) -> None:
        if any(one["folds"] > 3 for one in standings or []):
            raise StoppedError("cancelled")

    (tmp_path / "made.csv").write_text(noisy(60))
    file_id = ingest(home(), "made.csv", tmp_path / "made.csv").file_id
    answer = raced(file_id, end_in_a_repetition, "y")
    assert len(answer["best"]["cross_validation"]["scores"]) in (3, 6)
    assert {len(row["cross_validation"]["scores"]) for row in answer["results"][:1]} <= {3, 6}


def race_job(file_id: str) -> str:
    order = {"file_id": file_id, "target_column": "strength", "ensemble": True, "time_limit": LIMIT}
    return jobs.submit_job(home(), CompareCommand(**order)).job_id


def until(job_id: str, seen: Callable[[Job], bool]) -> Job:
    return wait_for(lambda: jobs.job_status(home(), job_id), seen)


def test_a_cancelled_race_shows_its_standings_and_ends_with_its_best(
    concrete: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_JOB_LEASE_SECONDS", "2")
    settings.cache_clear()
    job_id = race_job(concrete)
    worker = Thread(target=run_job, args=(home(), job_id, HANDLERS), kwargs={"seconds": LIMIT})
    worker.start()
    job = until(job_id, lambda job: sum(one["folds"] >= 1 for one in job.standings) >= 2)
    assert job_response(home(), job)["standings"] == job.standings
    r2 = [one["r2"] for one in job.standings if one["r2"] is not None]
    assert r2 == sorted(r2, reverse=True)
    tried = [one for one in job.standings if one["folds"]]
    assert all(min(one["seconds"], one["size_bytes"], one["latency_us"]) > 0 for one in tried)
    assert jobs.cancel_job(home(), job_id).status == "running"
    worker.join(LIMIT)
    job = jobs.job_status(home(), job_id)
    assert job.status == "cancelled"
    assert job.result is not None
    assert job.result["cut"] == "cancelled"
    # The last report is of what the result has: no fit that was abandoned runs on in it.
    shown = job_response(home(), job)["standings"]
    assert not any(one["running"] for one in job.standings + shown)
    tried = [row for row in job.result["results"] if row["model_type"] not in ("baseline", "blend")]
    assert {one["r2"] for one in shown} >= {round(row["cross_validation"]["mean"], 6) for row in tried}
    assert stored() == [job.result["best"]["model_name"]]
    with pytest.raises(ConflictError, match="best so far"):
        jobs.retry_job(home(), job_id)


def test_a_race_whose_worker_has_no_more_time_succeeds_with_its_best(
    concrete: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGATTA_JOB_LEASE_SECONDS", "2")
    settings.cache_clear()
    monkeypatch.setattr(attempt, "time", now := ShiftedTime())
    # Work that goes on for so long after its time is up is given up.
    monkeypatch.setattr(attempt, "GRACE_SECONDS", LIMIT)
    job_id = race_job(concrete)
    worker = Thread(target=run_job, args=(home(), job_id, HANDLERS), kwargs={"seconds": LIMIT})
    worker.start()
    until(job_id, lambda job: sum(one["folds"] >= 1 for one in job.standings) >= 2)
    now.elapse(LIMIT)
    worker.join(LIMIT)
    job = jobs.job_status(home(), job_id)
    assert (job.status, job.error) == ("succeeded", None)
    assert job.result is not None
    assert job.result["cut"] == "timeout"


def disagreeing(monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Any], bool]) -> None:
    """Let the graphs of some pipelines disagree with them."""
    verify_graph = verified_graph.verify_graph

    def judge(pipeline: Any, data: Any) -> verified_graph.VerifiedGraph:
        if wrong(pipeline):
            raise TrainingFailedError("The compiled graph differs from scikit-learn.")
        return verify_graph(pipeline, data)

    monkeypatch.setattr(refit, "verify_graph", judge)


def is_blend(pipeline: Any) -> bool:
    return type(pipeline).__name__ == "VotingRegressor"


def svr_in(pipeline: Any) -> bool:
    return (is_blend(pipeline) and any(map(svr_in, pipeline.estimators_))) or "SVR" in str(pipeline)


@pytest.mark.usefixtures("fast")
def test_a_winner_whose_graph_disagrees_is_left_for_the_next_best(
    concrete: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disagreeing(monkeypatch, svr_in)
    answer = raced(concrete)
    told = [row for row in answer["failed"] if "differs" in row["error"]]
    assert told
    assert all(row["model_type"].startswith("svr") for row in told)
    assert "svr" not in [member["model_type"] for member in answer["best"].get("members", [])]
    assert stored() == [answer["best"]["model_name"]]


@pytest.mark.usefixtures("fast")
def test_a_blend_that_alone_cannot_be_compiled_is_left_for_a_single_model(
    mpg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disagreeing(monkeypatch, is_blend)
    monkeypatch.setattr(portfolio_search, "WINDING_UP_SECONDS", LIMIT)
    # Ended by what came through and not by time, so that all rows are compared and learned from.
    answer = raced(mpg, Ended("cancelled", models=3, folds=3), "mpg")
    assert answer["best"]["model_type"] != "blend"
    # Its own folds are compared, although the score that it goes by is that of choosing it.
    again = reproduce(home(), answer["best"]["model_name"])
    assert "fold 3" in again.stored
    assert again.differing == []
    assert {"model_type": "blend", "error": "The compiled graph differs from scikit-learn."} in answer["failed"]


@pytest.mark.usefixtures("fast")
def test_if_no_graph_agrees_the_last_reason_is_given(concrete: str, monkeypatch: pytest.MonkeyPatch) -> None:
    disagreeing(monkeypatch, lambda _: True)
    with pytest.raises(TrainingFailedError, match="differs from scikit-learn"):
        raced(concrete)
    assert stored() == []


@pytest.mark.usefixtures("fast")
def test_a_winner_over_its_bounds_after_all_is_not_the_winner_and_the_time_is_kept(
    concrete: str, monkeypatch: pytest.MonkeyPatch, clock: SimulatedTime
) -> None:
    measured, choices, most = verified_graph.verify_graph, list[Selection](), 30_000

    def heavier(pipeline: Any, data: Any) -> verified_graph.VerifiedGraph:
        # As if the folds had promised half of what it weighs.
        proven = measured(pipeline, data)
        size = proven.cost.size_bytes * (2 if len(choices) == 1 else 1)
        return verified_graph.VerifiedGraph(proven.graph, proven.features, proven.compiled, ServingCost(size, 1.0, 0.0))

    def counted(*given: Any, **options: Any) -> Any:
        choices.append((chosen := select(*given, **options))[0])
        return chosen

    monkeypatch.setattr(refit, "verify_graph", heavier)
    monkeypatch.setattr(refit_stage, "select", counted)
    monkeypatch.setattr(screening, "FINE_FOLDS", 8)
    begun = clock.now
    answer = raced(concrete, time_limit=10, max_bytes=most)
    assert clock.now - begun <= 10
    assert answer["best"]["size_bytes"] <= most
    assert len(choices) >= 2
