"""A word for a missing value that is an answer in the model's file is that answer on every road."""

from pathlib import Path

import pytest

from core.jobs.commands import TrainCommand
from core.manifests import Reading
from core.services.processing.ingest import ingest
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.prediction_roads import Roads, csv_text
from tests.support.storage import home


@pytest.mark.parametrize(
    ("kinds", "keep", "score"),
    [
        (["BrkFace", "None", "Stone"], [], [["None"], ["None", "BrkFace"], ["Stone", "None"]]),
        (["是", "-"], [], [["-"], ["-", "是", "-"]]),
        (["有", "无"], [], [["无", "有"], ["无"]]),
        (["Grvl", "NA", "Pave"], ["NA"], [["NA"], ["Pave", "NA"]]),
    ],
)
def test_an_answer_predicts_alike_on_every_road(
    bucket: ObjectStore, tmp_path: Path, kinds: list[str], keep: list[str], score: list[list[str]]
) -> None:
    train = [{"kind": kinds[i % len(kinds)], "k": str(i), "y": str(100 * (i % len(kinds)) + i)} for i in range(60)]
    path = tmp_path / "train.csv"
    path.write_bytes(csv_text(train, ","))
    dataset = ingest(home(), path.name, path, Reading(keep=keep))
    assert dataset.columns[0].missing == 0
    command = TrainCommand(model_type="ridge", target_column="y", file_id=dataset.file_id, model_name="line")
    train_model(home(), command)
    roads = Roads(bucket, "line", tmp_path)
    for texts in score:
        found = roads.all([{"kind": text, "k": "7"} for text in texts])
        expected = [100 * kinds.index(text) + 7 for text in texts]
        for road, values in found.items():
            assert values == pytest.approx(expected, abs=45), road
