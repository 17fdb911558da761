"""Commands: the same JSON in a job as ever, and an old job that cannot be read fails with a reason."""

import pytest

from core.jobs.commands import CompareCommand, RetrainCommand, TrainCommand, UnreadableCommandError, parse_command

# What version 0.1 stored of `POST /model/compare?include=svr,%20knn`.
STORED = {
    "file_id": "0123456789ab",
    "target_column": None,
    "test_size": 0.2,
    "validation": "random",
    "time_column": None,
    "group_column": None,
    "include": ["svr", "knn"],
    "target_transform": "none",
    "tune_hyperparameters": False,
    "tuning_seconds": 60.0,
    "time_limit": None,
    "ensemble": False,
    "max_bytes": None,
    "max_latency_us": None,
}


def test_a_comparison_is_stored_as_it_always_was() -> None:
    command = CompareCommand(file_id="0123456789ab", include="svr, knn,")
    assert command.model_dump() == STORED
    assert parse_command("compare", STORED) == command


def test_a_training_is_stored_with_all_its_fields() -> None:
    command = TrainCommand(model_type="ridge", params={"alpha": 2})
    assert parse_command("train", command.model_dump()) == command
    assert set(command.model_dump()) == {
        "model_type",
        "target_column",
        "test_size",
        "validation",
        "time_column",
        "group_column",
        "tune_hyperparameters",
        "tuning_seconds",
        "target_transform",
        "return_model",
        "model_name",
        "params",
        "file_id",
    }


def test_a_retraining_is_the_same_for_the_same_content() -> None:
    fields = {"series": "flats", "key": "k", "etag": "e", "last_modified": "2026", "size_bytes": 1}
    first = RetrainCommand(**fields, sequencer="1", target_column=None, file_id="a")
    second = RetrainCommand(**fields, sequencer="2", target_column=None, file_id="b")
    assert first.identity == second.identity == {"key": "k", "etag": "e"}


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("weigh", {}, ["kind"]),
        ("train", {"model_kind": "ridge"}, ["model_type", "model_kind"]),
        ("predict", {"model_name": "car", "version": 0, "file_id": "a"}, ["version"]),
    ],
)
def test_a_command_of_another_version_is_refused_by_its_fields(
    kind: str, fields: dict[str, object], named: list[str]
) -> None:
    with pytest.raises(UnreadableCommandError, match="Another version") as caught:
        parse_command(kind, fields)
    assert [error["field"] for error in caught.value.errors] == named
