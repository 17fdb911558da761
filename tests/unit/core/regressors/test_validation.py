"""Folds that never look ahead and groups that stay together, from the request to the scores."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from core.automl import successive_halving
from core.automl.ensemble_selection import nested_scores
from core.automl.scheduler import run_trials
from core.automl.training import train
from core.automl.trial import make_trial
from core.catalogue import regressor
from core.errors import InvalidInputError
from core.manifests import Recipe
from core.model_manifest import Validation
from core.progress import ignore_progress
from core.regressors import splits
from core.regressors.candidates import Candidate
from core.regressors.fold_cache import FoldCache
from core.regressors.splits import HOLDOUT_ROWS, Split, subsample
from core.regressors.validation import MIN_TRAIN_ROWS, divide_folds, divide_holdout, requested_validation
from tests.support.simulated_time import simulate_fits, simulate_time
from tests.support.tables import clustered, csv, read, real, wandering
from tests.support.training import LIMITS, quick, split_of, split_text, trained

BY_DAY = Validation(kind="time", column="dteday")
BY_TIME = Validation(kind="time", column="t")
BY_GROUP = Validation(kind="group", column="g")
RANDOM = np.random.default_rng(3)


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
        assert train_days[fold.train].max() < train_days[fold.test].min()
    learned = [len(fold.train) for fold in data.folds]
    assert learned == sorted(learned)
    assert len(set(learned)) == 5


def test_where_no_two_times_are_equal_the_folds_are_those_of_scikit_learn() -> None:
    data = by(wandering(317), BY_TIME)
    expected = TimeSeriesSplit(5).split(data.train_x)
    for fold, (learn, judge) in zip(data.folds, expected, strict=True):
        assert fold.train.tolist() == learn.tolist()
        assert fold.test.tolist() == judge.tolist()


def test_rows_are_put_in_the_order_of_time_whatever_the_file_says() -> None:
    lines = wandering(200).splitlines()
    shuffled = "\n".join([lines[0], *RANDOM.permutation(lines[1:])])
    assert by(shuffled, BY_TIME).train_y.tolist() == by(wandering(200), BY_TIME).train_y.tolist()


def test_rows_of_one_time_stay_together() -> None:
    years = np.repeat([2015, 2016, 2017, 2018, 2019], [30, 31, 17, 40, 41])
    data = by(csv(t=years, x=RANDOM.normal(size=159), y=RANDOM.normal(size=159)), BY_TIME)
    assert set(data.test_x["t"]) == {2019}
    evaluate_on_holdout = [set(data.train_x["t"].to_numpy()[fold.test]) for fold in data.folds]
    assert evaluate_on_holdout == [{2016}, {2017}, {2018}]
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


def test_a_column_that_begins_late_is_constant_in_the_folds_before_it() -> None:
    late = np.arange(200) < 100
    columns: dict[str, Any] = {
        "number": RANDOM.normal(size=200),
        "date": [f"2024-{i % 12 + 1}-15" for i in range(200)],
        "kind": [f"k{i % 3}" for i in range(200)],
        "level": [f"m{i % 45}" for i in range(200)],
    }
    begun_late = {name: np.where(late, None, np.array(values, object)) for name, values in columns.items()}
    data = by(csv(t=range(200), x=RANDOM.normal(size=200), **begun_late, y=RANDOM.normal(size=200)), BY_TIME)
    assert data.train_x.iloc[data.folds[0].train][[*columns]].isna().all(axis=None)
    for name in ("ridge", "knn", "hist_gradient_boosting"):
        assert len(trained(data, name, quick(name)).cross_validation.scores) == 5


# Groups.


def test_no_group_is_on_both_sides() -> None:
    groups = RANDOM.integers(0, 40, 600)
    source = csv(g=groups, x=RANDOM.normal(size=600), y=RANDOM.normal(size=600))
    data = by(source, BY_GROUP, Recipe(columns={"g": "median"}))
    inside, held = data.train_x["g"].to_numpy(), data.test_x["g"].to_numpy()
    assert not set(inside) & set(held)
    assert len(held) == pytest.approx(120, abs=10)
    for fold in data.folds:
        assert not set(inside[fold.train]) & set(inside[fold.test])
    assert sorted(np.concatenate([fold.test for fold in data.folds])) == list(range(len(inside)))
    for fold, (learn, judge) in zip(data.folds, GroupKFold(5).split(inside, groups=inside), strict=True):
        assert (fold.train.tolist(), fold.test.tolist()) == (learn.tolist(), judge.tolist())


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
    learn, judge = divide_holdout(BY_GROUP, groups, 0.2)
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
            folds = divide_folds(validation, keys)
            assert len(folds) != 1
            for learn, judge in folds:
                assert len(learn) >= MIN_TRAIN_ROWS
                assert len(judge) >= 2
                assert not set(keys[learn]) & set(keys[judge])


# What goes by the folds.


def test_a_part_of_the_rows_has_folds_of_the_same_kind() -> None:
    in_time = subsample(by(wandering(900), BY_TIME), 200)
    assert (len(in_time.train_y), len(in_time.folds)) == (200, 5)
    days = in_time.train_x["t"].to_numpy()
    assert all(days[fold.train].max() < days[fold.test].min() for fold in in_time.folds)
    grouped = subsample(by(clustered(), BY_GROUP, Recipe(columns={"g": "mode"})), 120)
    g = grouped.train_x["g"].to_numpy()
    assert all(not set(g[fold.train]) & set(g[fold.test]) for fold in grouped.folds)


def test_a_part_too_small_for_its_groups_is_the_whole() -> None:
    groups = np.repeat(np.arange(4), [900, 12, 12, 12])
    data = by(csv(g=groups, x=RANDOM.normal(size=936), y=RANDOM.normal(size=936)), BY_GROUP)
    assert subsample(data, 40) is data


def test_tuning_and_its_rungs_never_look_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate_time(monkeypatch, successive_halving)
    simulate_fits(monkeypatch)
    data = split_of(read(wandering(9000)), "y", validation=BY_TIME)
    found = train(data, Candidate(regressor("ridge")), LIMITS, tuning_seconds=3)
    assert [len({trial.rows for trial in found.trial_records}), found.trial_records[-1].folds] == [3, 5]
    assert found.cross_validation.mean >= trained(data, "ridge").cross_validation.mean


def test_the_caps_of_judged_rows_keep_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "FOLD_TEST_ROWS", 50)
    monkeypatch.setattr(splits, "HOLDOUT_ROWS", 60)
    data = by(wandering(900), BY_TIME)
    days = data.train_x["t"].to_numpy()
    assert [len(fold.test) for fold in data.folds] == [50] * 5
    assert len(data.test_y) == 60 < HOLDOUT_ROWS
    assert all(days[fold.train].max() < days[fold.test].min() for fold in data.folds)


def test_the_weights_of_a_blend_come_from_the_past() -> None:
    fold_cache = FoldCache(by(wandering(300), BY_TIME))
    assert [fold_cache.data.other_folds(fold) for fold in range(5)] == [
        [1, 2, 3, 4],
        [0],
        [0, 1],
        [0, 1, 2],
        [0, 1, 2, 3],
    ]
    trials = [
        make_trial(fold_cache, Candidate(regressor(name), quick(name)), LIMITS) for name in ("ridge", "decision_tree")
    ]
    first, *others = run_trials(fold_cache, trials, fold_cache.fold_numbers, LIMITS, ignore_progress)
    before = nested_scores(fold_cache, [first, *others])
    first = replace(first, predicted={**first.predicted, 4: first.predicted[4] * 3})
    after = nested_scores(fold_cache, [first, *others])
    assert after[1:4] == before[1:4]
    assert after[4] != before[4]


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
        requested_validation(kind, time_column, group_column)
    assert [error["field"] for error in caught.value.errors] == [field]
