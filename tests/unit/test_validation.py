"""Folds that never look ahead, and groups that stay together, from the request to what a model is judged by."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from core.comparing import CompareOrder, compare_models
from core.errors import InvalidInputError, RegattaError, UnknownColumnError
from core.ingestion import ingest
from core.learning import splitting
from core.learning.blending import blend_scores
from core.learning.candidates import Candidate
from core.learning.catalogue import regressor
from core.learning.race import enter, run_race
from core.learning.splitting import HOLDOUT_ROWS, Split, part_of
from core.learning.training import train
from core.learning.validation import MIN_LEARN, folds_of, hold_out, validation_of
from core.learning.workbench import Workbench
from core.manifests import Recipe, Validation
from core.modelling import TrainingOrder, train_model
from core.progress import untold
from core.reproducing import reproduce
from core.storage.objects import ObjectStore
from tests.unit.learning import LIMITS, quick, split_of, split_text, trained
from tests.unit.storing import WORKSPACE
from tests.unit.tables import CSVS, read, real

BY_DAY = Validation(kind="time", column="dteday")
BY_TIME = Validation(kind="time", column="t")
BY_GROUP = Validation(kind="group", column="g")
RANDOM = np.random.default_rng(3)


def csv(**columns: Any) -> str:
    return pd.DataFrame(columns).to_csv(index=False)


def wandering(rows: int = 900) -> str:
    """A target that wanders at random from day to day, its date, and a column that says nothing of it."""
    random = np.random.default_rng(11)
    days = np.datetime64("2020-01-01") + np.arange(rows)
    return csv(t=days, noise=random.normal(size=rows), y=np.cumsum(random.normal(size=rows)))


def clustered(groups: int = 30, each: int = 12) -> str:
    """A target that depends on the group alone, and a column that gives the group away."""
    random = np.random.default_rng(12)
    level, mark = random.normal(size=groups), random.normal(size=groups)
    g = np.repeat(np.arange(groups), each)
    return csv(
        g=[f"site {i}" for i in g],
        mark=mark[g] + random.normal(0, 0.01, len(g)),
        y=level[g] + random.normal(0, 0.1, len(g)),
    )


def by(source: str, validation: Validation, recipe: Recipe | None = None, test_size: float = 0.2) -> Split:
    return split_of(read(source), "y", recipe, test_size=test_size, validation=validation)


# Time.


def test_the_holdout_is_the_last_of_the_time_and_no_fold_looks_ahead() -> None:
    data = split_of(real("bike_sharing"), "cnt", validation=BY_DAY)
    assert len(data.folds) == 5
    train_days, test_days = data.train_x["dteday"].to_numpy(), data.test_x["dteday"].to_numpy()
    assert train_days.max() < test_days.min()
    assert len(test_days) / (len(test_days) + len(train_days)) == pytest.approx(0.2, abs=0.002)
    for fold in data.folds:
        assert train_days[fold.learn].max() < train_days[fold.judge].min()
    learned = [len(fold.learn) for fold in data.folds]
    assert learned == sorted(learned)
    assert len(set(learned)) == 5


def test_where_no_two_times_are_equal_the_folds_are_those_of_scikit_learn() -> None:
    data = by(wandering(317), BY_TIME)
    expected = TimeSeriesSplit(5).split(data.train_x)
    for fold, (learn, judge) in zip(data.folds, expected, strict=True):
        assert fold.learn.tolist() == learn.tolist()
        assert fold.judge.tolist() == judge.tolist()


def test_rows_are_put_in_the_order_of_time_whatever_the_file_says() -> None:
    lines = wandering(200).splitlines()
    shuffled = "\n".join([lines[0], *RANDOM.permutation(lines[1:])])
    assert by(shuffled, BY_TIME).train_y.tolist() == by(wandering(200), BY_TIME).train_y.tolist()


def test_rows_of_one_time_stay_together() -> None:
    years = np.repeat([2015, 2016, 2017, 2018, 2019], [30, 31, 17, 40, 41])
    data = by(csv(t=years, x=RANDOM.normal(size=159), y=RANDOM.normal(size=159)), BY_TIME)
    assert set(data.test_x["t"]) == {2019}
    judged = [set(data.train_x["t"].to_numpy()[fold.judge]) for fold in data.folds]
    assert judged == [{2016}, {2017}, {2018}]
    assert "there are 3 folds and not 5: t makes no more" in data.notes
    assert "the holdout has 41 of 159 rows and not 32, because rows with the same t stay together" in data.notes


def test_random_folds_flatter_a_target_that_wanders_and_folds_in_time_do_not() -> None:
    table = read(wandering())
    flattered = trained(split_of(table, "y"), "decision_tree")
    honest = trained(split_of(table, "y", validation=BY_TIME), "decision_tree")
    # .93 and .96 against -2.2 and .29: the last is the holdout, one stretch of the walk alone.
    assert min(flattered.cross_validation.mean, flattered.metrics["r2"] or 0) > 0.9
    assert honest.cross_validation.mean < 0
    assert (honest.metrics["r2"] or 0) < 0.5


def test_the_time_column_is_a_feature_unless_it_is_left_out() -> None:
    assert [column.name for column in by(wandering(100), BY_TIME).columns] == ["t", "noise"]
    data = by(wandering(100), BY_TIME, Recipe(leave_out=["t"]))
    assert [column.name for column in data.columns] == ["noise"]
    assert len(data.folds) == 5


@pytest.mark.parametrize("validation", [BY_TIME, BY_GROUP])
def test_rows_without_a_time_or_a_group_are_left_out_and_said_so(validation: Validation) -> None:
    key = validation.column
    source = csv(**{str(key): [*np.arange(100) // 4, None, None]}, x=range(102), y=RANDOM.normal(size=102))
    data = by(source, validation)
    assert len(data.train_y) + len(data.test_y) == 100
    assert f"2 rows have no {key} and were left out" in data.notes


# Groups.


def test_no_group_is_on_both_sides() -> None:
    groups = RANDOM.integers(0, 40, 600)
    source = csv(g=groups, x=RANDOM.normal(size=600), y=RANDOM.normal(size=600))
    data = by(source, BY_GROUP, Recipe(columns={"g": "median"}))
    inside, held = data.train_x["g"].to_numpy(), data.test_x["g"].to_numpy()
    assert not set(inside) & set(held)
    assert len(held) == pytest.approx(120, abs=10)
    for fold in data.folds:
        assert not set(inside[fold.learn]) & set(inside[fold.judge])
    assert sorted(np.concatenate([fold.judge for fold in data.folds])) == list(range(len(inside)))
    for fold, (learn, judge) in zip(data.folds, GroupKFold(5).split(inside, groups=inside), strict=True):
        assert (fold.learn.tolist(), fold.judge.tolist()) == (learn.tolist(), judge.tolist())


def test_the_group_is_no_feature_unless_the_recipe_names_it() -> None:
    data = by(clustered(), BY_GROUP)
    assert [column.name for column in data.columns] == ["mark"]
    assert data.notes == [
        "column 'g' says which group a row is of and was left out; "
        'POST /data/process with "columns": {"g": "mode"} keeps it'
    ]
    assert [c.name for c in by(clustered(), BY_GROUP, Recipe(columns={"g": "mode"})).columns] == ["g", "mark"]


def test_random_folds_flatter_where_rows_of_a_group_resemble_each_other() -> None:
    flattered = trained(split_text(clustered(), recipe=Recipe(leave_out=["g"])), "knn")
    honest = trained(by(clustered(), BY_GROUP), "knn")
    assert flattered.cross_validation.mean > 0.6
    assert honest.cross_validation.mean < 0


def test_the_same_groups_are_held_out_each_time() -> None:
    one, other = (by(clustered(), BY_GROUP) for _ in range(2))
    assert one.test_y.tolist() == other.test_y.tolist()


def test_a_huge_group_does_not_swallow_the_table() -> None:
    groups = np.repeat(np.arange(12), [600, *[20] * 11])
    learn, judge = hold_out(BY_GROUP, groups, 0.2)
    assert 0 not in groups[judge]
    assert len(judge) == pytest.approx(0.2 * len(groups), abs=20)
    assert len(learn) + len(judge) == len(groups)


@pytest.mark.parametrize(("groups", "folds"), [(3, 2), (4, 3), (5, 4), (6, 5), (7, 5)])
def test_there_are_as_many_folds_as_groups_down_to_two(groups: int, folds: int) -> None:
    data = by(clustered(groups, 20), BY_GROUP)
    assert len(data.folds) == folds
    assert any("makes no more" in note for note in data.notes) == (folds < 5)


def test_every_fold_of_any_division_has_rows_to_learn_from_and_to_judge_by() -> None:
    random = np.random.default_rng(9)
    for _ in range(300):
        rows, values = int(random.integers(10, 120)), int(random.integers(2, 30))
        keys = np.sort(random.integers(0, values, rows) ** random.integers(1, 4))
        for validation in (BY_TIME, BY_GROUP):
            folds = folds_of(validation, keys)
            assert len(folds) != 1
            for learn, judge in folds:
                assert len(learn) >= MIN_LEARN
                assert len(judge) >= 2
                assert not set(keys[learn]) & set(keys[judge])


# What goes by the folds.


def test_a_part_of_the_rows_has_folds_of_the_same_kind() -> None:
    in_time = part_of(by(wandering(900), BY_TIME), 200)
    assert (len(in_time.train_y), len(in_time.folds)) == (200, 5)
    days = in_time.train_x["t"].to_numpy()
    assert all(days[fold.learn].max() < days[fold.judge].min() for fold in in_time.folds)
    grouped = part_of(by(clustered(), BY_GROUP, Recipe(columns={"g": "mode"})), 120)
    g = grouped.train_x["g"].to_numpy()
    assert all(not set(g[fold.learn]) & set(g[fold.judge]) for fold in grouped.folds)


def test_a_part_too_small_for_its_groups_is_the_whole() -> None:
    groups = np.repeat(np.arange(4), [900, 12, 12, 12])
    data = by(csv(g=groups, x=RANDOM.normal(size=936), y=RANDOM.normal(size=936)), BY_GROUP)
    assert part_of(data, 40) is data


def test_tuning_and_its_rungs_never_look_ahead() -> None:
    data = split_of(read(wandering(9000)), "y", validation=BY_TIME)
    found = train(data, Candidate(regressor("ridge")), LIMITS, tuning_seconds=3)
    assert [len({trial.rows for trial in found.trials}), found.trials[-1].folds] == [3, 5]
    assert found.cross_validation.mean >= trained(data, "ridge").cross_validation.mean


def test_the_caps_of_judged_rows_keep_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "JUDGED_ROWS", 50)
    monkeypatch.setattr(splitting, "HOLDOUT_ROWS", 60)
    data = by(wandering(900), BY_TIME)
    days = data.train_x["t"].to_numpy()
    assert [len(fold.judge) for fold in data.folds] == [50] * 5
    assert len(data.test_y) == 60 < HOLDOUT_ROWS
    assert all(days[fold.learn].max() < days[fold.judge].min() for fold in data.folds)


def test_the_weights_of_a_blend_come_from_the_past() -> None:
    bench = Workbench(by(wandering(300), BY_TIME))
    assert [bench.data.others(fold) for fold in range(5)] == [[1, 2, 3, 4], [0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]
    entries = [enter(bench, Candidate(regressor(name), quick(name)), LIMITS) for name in ("ridge", "decision_tree")]
    run_race(bench, entries, bench.parts, LIMITS, untold)
    before = blend_scores(bench, entries)
    entries[0].predicted[4] = entries[0].predicted[4] * 3
    after = blend_scores(bench, entries)
    assert after[1:4] == before[1:4]
    assert after[4] != before[4]


# The request.


@pytest.mark.parametrize(
    ("kind", "time_column", "group_column", "field", "way_out"),
    [
        ("time", None, None, "time_column", "needs time_column"),
        ("group", None, None, "group_column", "needs group_column"),
        ("random", "t", None, "time_column", "Send validation=time"),
        ("random", None, "g", "group_column", "Send validation=group"),
        ("time", "t", "g", "group_column", "leave group_column out"),
        ("group", "t", "g", "time_column", "leave time_column out"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    kind: Any, time_column: str | None, group_column: str | None, field: str, way_out: str
) -> None:
    with pytest.raises(InvalidInputError, match=way_out) as caught:
        validation_of(kind, time_column, group_column)
    assert [error["field"] for error in caught.value.errors] == [field]


def stored(folder: Path, source: str) -> str:
    (folder / "made.csv").write_text(source)
    return ingest(WORKSPACE, "made.csv", folder / "made.csv").file_id


@pytest.mark.parametrize(
    ("validation", "column", "error", "message"),
    [
        ("time", "nowhere", UnknownColumnError, "The columns are: day, word"),
        ("time", "word", InvalidInputError, "is text.*Dates in this table: day"),
        ("time", "flag", InvalidInputError, "is true or false"),
        ("time", "same", InvalidInputError, "same value in every row"),
        ("time", "y", InvalidInputError, "is the target"),
        ("time", "half", InvalidInputError, "2 different values.*more times"),
        ("group", "nowhere", UnknownColumnError, "The columns are"),
        ("group", "same", InvalidInputError, "same value in every row"),
        ("group", "half", InvalidInputError, "2 different values.*more groups"),
        ("group", "y", InvalidInputError, "is the target"),
    ],
)
def test_a_column_that_divides_nothing_is_refused(
    bucket: ObjectStore, tmp_path: Path, validation: Any, column: str, error: type[RegattaError], message: str
) -> None:
    rows = np.arange(60)
    source = csv(
        day=np.datetime64("2024-01-01") + rows,
        word=[f"w{i % 5}" for i in rows],
        flag=rows % 3 == 0,
        same=[7] * 60,
        half=rows // 30,
        y=RANDOM.normal(size=60),
    )
    named = {f"{validation}_column": column}
    with pytest.raises(error, match=message) as caught:
        train_model(WORKSPACE, stored(tmp_path, source), TrainingOrder("ridge", "y", validation=validation, **named))
    assert caught.value.status == 422
    assert caught.value.errors[0]["field"] == f"{validation}_column"


def test_a_model_keeps_how_it_was_judged_and_is_reproduced_so(bucket: ObjectStore, tmp_path: Path) -> None:
    file_id = stored(tmp_path, wandering(200))
    manifest, _ = train_model(WORKSPACE, file_id, TrainingOrder("knn", "y", validation="time", time_column="t"))
    assert manifest.validation == BY_TIME
    again = reproduce(WORKSPACE, manifest.model_name)
    assert again.differing == []
    assert again.stored["fold 5"] == manifest.cross_validation.scores[4]
    plain, _ = train_model(WORKSPACE, file_id, TrainingOrder("knn", "y"))
    assert plain.cross_validation.scores != manifest.cross_validation.scores
    assert reproduce(WORKSPACE, plain.model_name).differing == []


def test_a_race_goes_by_the_same_folds_and_says_so(bucket: ObjectStore, tmp_path: Path) -> None:
    file_id = stored(tmp_path, clustered())
    order = CompareOrder("y", validation="group", group_column="g", ensemble=True)
    answer = compare_models(WORKSPACE, file_id, order)
    assert answer["validation"] == {"kind": "group", "column": "g"}
    assert answer["failed"] == []
    rows = {row["model_type"]: row for row in answer["results"]}
    alone, _ = train_model(WORKSPACE, file_id, TrainingOrder("ridge", "y", validation="group", group_column="g"))
    assert alone.cross_validation.scores == pytest.approx(rows["ridge"]["cross_validation"]["scores"], abs=1e-12)
    assert rows["baseline"]["cross_validation"]["mean"] < 0


@pytest.mark.parametrize("name", ["bike_sharing", "taxis", "diamonds", "concrete"])
def test_training_with_random_folds_says_where_a_table_is_ordered_in_time(bucket: ObjectStore, name: str) -> None:
    path, target = CSVS[name]
    dataset = ingest(WORKSPACE, path.name, path)
    column = {"bike_sharing": "dteday", "taxis": "pickup"}.get(name)
    assert dataset.time_column == column
    manifest, _ = train_model(WORKSPACE, dataset.file_id, TrainingOrder("ridge", target))
    named = [note for note in manifest.notes if "may flatter" in note]
    assert len(named) == (column is not None)
    if column is not None:
        assert f"validation=time with time_column={column}" in named[0]
        in_time = TrainingOrder("ridge", target, validation="time", time_column=column)
        manifest, _ = train_model(WORKSPACE, dataset.file_id, in_time)
        assert not any("may flatter" in note for note in manifest.notes)
