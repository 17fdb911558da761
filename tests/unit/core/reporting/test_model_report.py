"""The page of a model: what it is worth, where it errs, what it is made of; old models have what was stored."""

from typing import Any

import pytest

from core.model_manifest import CrossValidation, EnsembleMember, TrialRecord
from core.reporting.leaderboard_section import Standing
from core.reporting.model_report import ModelFacts, model_report
from tests.support.model_reports import EVALUATION, HOSTILE, manifest_of
from tests.support.reports import Element, Page


def page_of(facts: ModelFacts | None = None, **changes: Any) -> Element:
    return Page(model_report(manifest_of(**changes), facts or ModelFacts(is_champion=True, evaluation=EVALUATION))).root


def section_ids(page: Element) -> list[str]:
    return [section.attributes["id"] for section in page.all("section")]


def test_a_page_has_every_part_and_the_way_to_each() -> None:
    page = page_of()
    ids = section_ids(page)
    assert ids == [
        *("overview", "scores", "errors", "segments", "importance"),
        *("effects", "intervals", "parameters", "columns", "notes"),
    ]
    assert [link.attributes["href"] for link in page.all("nav")[0].all("a")] == [f"#{name}" for name in ids]
    assert page.all("html")[0].attributes["lang"] == "en"


def test_the_scores_are_beside_those_of_the_mean() -> None:
    page = page_of()
    tiles = [tile.text for tile in page.one("overview").all("li")]
    assert tiles[0].startswith("R20.960")
    assert tiles[2].startswith("Against the mean80.0% less")
    rows = {
        row.all("th")[0].text: [cell.text for cell in row.all("td")[:3]] for row in page.one("scores").all("tr")[1:]
    }
    assert rows["R2"] == ["0.960", "0.990", "0.000"]
    assert rows["RMSE"] == ["2", "1", "10"]
    assert "MAPE" not in rows


def test_every_fold_is_shown() -> None:
    folds = page_of().one("scores").all("span", "name")
    assert [fold.text for fold in folds] == ["Fold 1", "Fold 2"]


def test_a_point_of_a_right_prediction_is_on_the_diagonal() -> None:
    plots = {"predicted_vs_actual": {"actual": [1.0, 2.0, 3.0], "predicted": [1.0, 2.0, 3.0]}}
    page = page_of(ModelFacts(is_champion=False, evaluation={"plots": plots}))
    points = page.one("errors").all("path", "points")[0].attributes["d"]
    for point in points.split("M")[1:]:
        x, y = map(float, point.removesuffix("h0").split())
        assert x + y == pytest.approx(100, abs=0.02)


def test_the_error_of_a_segment_has_its_rows_and_its_direction() -> None:
    panels = page_of().one("segments").all("article")
    lines = [[line.text for line in panel.all("li")] for panel in panels]
    assert lines[0] == ["0 to 9.5 10 rows1 (+)", "no value 12 rows4 "]
    assert lines[1] == [f"{HOSTILE} 10 rows2 (−)", "all others 10 rows1 "]


def test_columns_are_ranked_by_their_importance() -> None:
    lines = page_of().one("importance").all("li")
    assert [line.all("span", "name")[0].text for line in lines] == [HOSTILE, "weight"]
    assert lines[0].all("span", "number")[0].text == "0.800 ± 0.100"


def test_the_effect_of_a_column_is_drawn_by_its_kind() -> None:
    panels = page_of().one("effects").all("article")
    # A column of one value has no effect to draw, and a prediction that is no number is left out of a curve.
    assert [panel.all("h4")[0].text for panel in panels] == [HOSTILE, "weight (kg)", "day"]
    assert [line.all("span", "number")[0].text for line in panels[0].all("li")] == ["1", "3"]
    labels = [panel.all("svg")[0].attributes["aria-label"] for panel in panels[1:]]
    assert labels == [
        "Mean prediction along weight: 1 where it is smallest, 5 where it is largest.",
        "Mean prediction along day: 2 where it is smallest, 4 where it is largest.",
    ]
    assert panels[1].all("path", "dots")[0].attributes["d"].count("M") == 2


def test_an_interval_shows_how_many_rows_of_the_holdout_it_holds() -> None:
    lines = [[cell.text for cell in row.all()] for row in page_of().one("intervals").all("tbody")[0].all("tr")]
    assert [line[0] for line in lines] == ["50%", "80%", "90%", "95%"]
    # A quarter of the predictions is off by each of -1.5, -0.5, 0.5 and 1.5; half of the residuals are below 1.03.
    assert lines[0][1:] == ["± 1.03", "50.0%"]
    assert lines[1][1:] == ["± 1.63", "100%"]


def test_adaptive_intervals_are_not_given_one_width() -> None:
    section = page_of(spread_quantiles=[number / 50 for number in range(201)]).one("intervals")
    assert "as wide as the errors of rows like it" in section.text
    assert section.all("table") == []


def test_columns_say_how_they_are_written_and_what_fills_a_gap() -> None:
    section = page_of().one("columns")
    rows = {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in section.all("tr")[1:]}
    assert rows["weight"] == ["number", "in kg", "filled by the mean: 2.5"]
    assert rows[HOSTILE][:2] == ["category", f"a, {HOSTILE}"]
    assert "Left out by the recipe: id." in section.text


def test_members_of_an_ensemble_have_their_weights() -> None:
    members = [
        EnsembleMember(
            model_type=name,
            parameters={"alpha": weight},
            target_transform="log",
            weight=weight,
            cross_validation=CrossValidation(scores=[0.9], mean=0.9, std=0.0),
        )
        for name, weight in (("ridge", 0.75), ("svr", 0.25))
    ]
    section = page_of(members=members).one("parameters")
    assert [card.all("h3")[0].text for card in section.all("article")] == ["Ridge", "Support vectors"]
    assert "weight 75.0%" in section.text


def test_the_leaderboard_ranks_the_models_of_the_training_and_marks_this_one() -> None:
    rivals = [
        Standing("other", 1, "lasso", 0.7, 3.0, 1000),
        Standing("boat", 0, "ridge", 0.96, 2.0, 2000),
        Standing("broken", 1, "svr", None, None, 3000),
    ]
    page = page_of(ModelFacts(is_champion=True, evaluation={}, rivals=rivals))
    lines = page.one("leaderboard").all("tbody")[0].all("tr")
    assert [line.all("td")[1].text for line in lines] == ["boat", "other", "broken"]
    assert [line.classes for line in lines] == [["this"], [], []]


def test_the_candidates_of_a_tuning_show_what_differs() -> None:
    trials = [
        TrialRecord(parameters={"alpha": alpha, "solver": "auto"}, rows=80, folds=5, mean=mean, std=0.1, seconds=0.2)
        for alpha, mean in ((0.1, 0.5), (10.0, 0.9))
    ]
    lines = page_of(trials=trials).one("leaderboard").all("tbody")[0].all("tr")
    assert [line.all("td")[0].text for line in lines] == ["alpha 10", "alpha 0.1"]


def test_a_model_of_an_earlier_version_has_a_page_of_what_there_is() -> None:
    bare = {"train_metrics": {}, "baseline": None, "interval_quantiles": [], "importance": []}
    page = page_of(ModelFacts(is_champion=False, evaluation={"plots": {"residuals": [1.5]}}), **bare)
    assert section_ids(page) == ["overview", "scores", "parameters", "columns", "notes"]
    assert "–" in page.one("overview").text
    assert "does not serve" in page.one("overview").text


def test_hostile_names_are_text_and_nothing_loads_from_elsewhere() -> None:
    page = page_of(target_column=HOSTILE, notes=[HOSTILE])
    assert page.all("header")[0].text.endswith(f"predicts {HOSTILE}")
    assert not {"script", "img", "a"} & {element.tag for part in page.all("main") for element in part.all()}


def test_the_page_says_how_wide_intervals_are() -> None:
    quantiles = [0.0, 1.0]
    assert "of equal width" in page_of(interval_quantiles=quantiles).one("overview").text
    adaptive = page_of(interval_quantiles=quantiles, spread_quantiles=quantiles)
    assert "adaptive, wider where errors are larger" in adaptive.one("overview").text
