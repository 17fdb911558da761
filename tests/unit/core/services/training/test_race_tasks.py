"""A race as tasks: in any order, some twice, and in other processes, its result is that of one machine."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.automl.trial import OUT_OF_TIME
from core.errors import UnknownColumnError, UnknownModelTypeError
from core.jobs.commands import CompareCommand
from core.progress import ignore_progress
from core.regressors.fold_cache import FoldCache
from core.services.processing.ingest import ingest
from core.services.training import comparison
from core.services.training.compare import compare_models
from core.services.training.race_plan import RaceFiles
from core.services.training.race_tasks import finish_race, plan_race, run_trial
from core.storage.s3.object_store import ObjectStore
from core.stored_document import DamagedDocumentError
from core.types import Json
from tests.support.storage import home
from tests.support.tables import first_rows
from tests.support.training import real_split

JOB = "0123456789ab"
# What tells a model of a second comparison from that of the first, and what depends on how fast the machine is.
VARYING = ("model_name", "version", "training_seconds", "latency_us", "model_version", "created_at")

LIMIT, RAN = 600, 3


def files() -> RaceFiles:
    workspace = home()
    return RaceFiles(workspace.objects, f"{workspace.name}/tasks/{JOB}/")


def as_json(facts: Json) -> Json:
    stored: Json = json.loads(json.dumps(facts))
    return stored


def planned(command: CompareCommand) -> Json:
    return as_json(plan_race(home(), command, files(), ignore_progress))


def run(command: CompareCommand, facts: Json, number: int) -> Json:
    return as_json(run_trial(home(), command, files(), facts, number, ignore_progress))


def finished(command: CompareCommand, facts: Json, outputs: list[Json]) -> dict[str, Any]:
    return finish_race(home(), command, files(), facts, dict(enumerate(outputs)), ignore_progress, JOB)


def raced_as_tasks(command: CompareCommand) -> dict[str, Any]:
    """Return the result of a race whose tasks run in random order, one of them twice."""
    facts = planned(command)
    order = [*range(len(facts["trials"]))]
    random.Random(1).shuffle(order)
    outputs = {number: run(command, facts, number) for number in [*order, order[0]]}
    return finished(command, facts, [outputs[number] for number in sorted(outputs)])


def steady(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a leaderboard without what differs between two comparisons on one machine."""
    rows = [{key: value for key, value in row.items() if key not in VARYING} for row in answer["results"]]
    return {**{key: answer[key] for key in ("failed", "warnings", "validation")}, "results": rows}


@pytest.fixture
def concrete(bucket: ObjectStore, tmp_path: Path) -> str:
    """The first 300 rows of Concrete, on which a blend helps."""
    (tmp_path / "concrete.csv").write_bytes(first_rows("concrete", 300))
    return ingest(home(), "concrete.csv", tmp_path / "concrete.csv").file_id


def test_a_race_as_tasks_is_bit_for_bit_that_of_one_machine(concrete: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "DEFAULT_MODEL_TYPES", ("ridge", "svr"))
    command = CompareCommand(target_column="strength", file_id=concrete, include="extra_trees", ensemble=True)
    alone = compare_models(home(), command)
    together = raced_as_tasks(command)
    assert steady(together) == steady(alone)
    for name in ("concrete-ridge", "concrete-extra_trees"):
        first, second = home().models.manifest(name, 1), home().models.manifest(name, 2)
        assert second.interval_quantiles == first.interval_quantiles
        assert second.metrics == first.metrics


@pytest.mark.parametrize("codes", [False, True])
def test_stored_folds_are_those_that_were_prepared(bucket: ObjectStore, codes: bool) -> None:
    data = real_split("diamonds", 400)
    made, read = FoldCache(data), FoldCache(data, load=files().load_fold)
    files().store_fold(made, 0, codes=codes)
    one, other = made.prepared(0, codes=codes), read.prepared(0, codes=codes)
    # The order in memory counts too: it decides in which order sums are added up.
    assert one.train_x.flags.f_contiguous == other.train_x.flags.f_contiguous
    assert one.train_x.tobytes() == other.train_x.tobytes()
    assert one.test_x.tobytes() == other.test_x.tobytes()
    made_x, read_x = (fold.preprocessor.transform(data.test_x) for fold in (one, other))
    assert np.array_equal(made_x, read_x)


def test_damaged_arrays_are_named(bucket: ObjectStore) -> None:
    files().objects.put(f"{files().folder}folds/0.npz", b"PK damaged")
    with pytest.raises(DamagedDocumentError, match=r"folds/0\.npz"):
        files().load_fold(0, False)


def test_a_portfolio_takes_the_trials_that_ended_in_time(concrete: str) -> None:
    command = CompareCommand(target_column="strength", file_id=concrete, ensemble=True, time_limit=LIMIT)
    facts = planned(command)
    outputs = [run(command, facts, number) for number in range(RAN)]
    late = {**facts, "begun": facts["begun"] - LIMIT}
    outputs += [run(command, late, number) for number in range(RAN, len(facts["trials"]))]
    answer = finished(command, facts, outputs)
    named = {row["model_type"] for row in answer["results"]} - {"baseline", "blend"}
    assert named == {trial["model_type"] for trial in facts["trials"][:RAN]}
    assert answer["best"]["model_name"] == f"concrete-{answer['best']['model_type']}"
    assert len(answer["failed"]) == len(facts["trials"]) - RAN
    assert {row["error"] for row in answer["failed"]} == {OUT_OF_TIME}
    again = finished(command, facts, outputs)
    scores = [row["cross_validation"] for row in answer["results"]]
    assert [row["cross_validation"] for row in again["results"]] == scores


def test_a_portfolio_of_which_no_trial_ended_in_time_runs_the_fastest(concrete: str) -> None:
    command = CompareCommand(target_column="strength", file_id=concrete, ensemble=True, time_limit=1)
    facts = planned(command)
    late = {**facts, "begun": facts["begun"] - LIMIT}
    answer = finished(command, late, [run(command, late, number) for number in range(len(facts["trials"]))])
    assert answer["best"]["metrics"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"target_column": "nothing"}, UnknownColumnError), ({"include": "nothing"}, UnknownModelTypeError)],
)
def test_what_is_wrong_with_a_race_is_said_before_it_is_divided(
    concrete: str, wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        planned(CompareCommand(**{"target_column": "strength", "file_id": concrete, **wrong}))
