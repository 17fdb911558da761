"""Somebody who knows better than a champion's errors what a file is worth."""

from pathlib import Path

import httpx
import pytest

from core.errors import ConflictError, NoSuchJobError, NoSuchSeriesError
from core.services.series.overrule import overrule
from tests.support.arrivals import (
    SERIES,
    linear_table,
    read_arrival,
    retrain_on,
    serve_champion,
    serving_version,
    shuffled_table,
)
from tests.support.storage import home

pytestmark = pytest.mark.usefixtures("bucket", "arrival_clock", "two_folds")


def test_a_held_file_can_be_let_in(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    held = retrain_on("1.csv", linear_table(1, scale=1.6))
    assert held.result["state"] == "held"
    let_in = overrule(home(), SERIES, held.job_id, learned=True)
    assert (let_in.state, let_in.learned, serving_version()) == ("accepted", True, 1)
    later = retrain_on("2.csv", linear_table(2))
    trained = home().models.manifest(SERIES, later.result["version"]).dataset
    assert trained.earlier == [held.order["file_id"]]
    assert read_arrival(held).contradicted is False


def test_a_held_file_can_be_left_out_at_once(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    held = retrain_on("1.csv", linear_table(1, scale=2))
    assert overrule(home(), SERIES, held.job_id, learned=False).contradicted
    # So the next one, which says the same, has nothing to confirm.
    assert retrain_on("2.csv", linear_table(2, scale=2)).result["state"] == "held"


def test_what_was_learned_from_can_be_left_out_of_what_comes(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    job = retrain_on("1.csv", linear_table(1))
    for _ in range(2):
        assert not overrule(home(), SERIES, job.job_id, learned=False).learned
    later = retrain_on("2.csv", linear_table(2))
    assert home().models.manifest(SERIES, later.result["version"]).dataset.earlier == []
    assert read_arrival(job).reason.count("by hand") == 1


def test_what_cannot_be_learned_from_cannot_be_let_in(tmp_path: Path) -> None:
    serve_champion(tmp_path)
    refused = retrain_on("1.csv", shuffled_table(1))
    with pytest.raises(ConflictError, match="cannot be learned from"):
        overrule(home(), SERIES, refused.job_id, learned=True)
    retrain_on("2.csv", linear_table(2))
    twin = retrain_on("copy of 2.csv", linear_table(2))
    with pytest.raises(ConflictError, match="same bytes"):
        overrule(home(), SERIES, twin.job_id, learned=True)


def test_who_is_overruled_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(NoSuchSeriesError):
        overrule(home(), SERIES, "00000000", learned=True)
    serve_champion(tmp_path)
    with pytest.raises(NoSuchJobError):
        overrule(home(), SERIES, "00000000", learned=True)


def test_it_is_said_over_http(handlers: httpx.Client, tmp_path: Path) -> None:
    serve_champion(tmp_path)
    held = retrain_on("1.csv", linear_table(1, scale=2))
    path = f"/series/{SERIES}/arrivals/{held.job_id}"
    answer = handlers.patch(path, json={"learned": True})
    assert (answer.status_code, answer.json()["state"], answer.json()["learned"]) == (200, "accepted", True)
    assert handlers.patch(path, json={}).status_code == 422
    assert handlers.patch(f"/series/{SERIES}/arrivals/00000000", json={"learned": True}).status_code == 404
