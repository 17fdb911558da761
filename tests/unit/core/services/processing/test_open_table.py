"""A stored table that is damaged is an error that says so, and nothing is stored of what was begun with it."""

import pytest

from core.errors import NotACsvError
from core.jobs.commands import TrainCommand
from core.services.processing.ingest import ingest
from core.services.processing.open_table import open_table
from core.services.training.train import train_model
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS


@pytest.mark.parametrize("damage", ["cut off", "overwritten in the middle"])
def test_a_training_on_a_damaged_table_says_so_and_stores_nothing(bucket: ObjectStore, damage: str) -> None:
    file_id = ingest(home(), "mpg.csv", CSVS["mpg"][0]).file_id
    key = home().datasets.key(file_id, TABLE)
    table = bucket.get(key)
    bucket.put(key, table[: len(table) // 2] if damage == "cut off" else table[:40] + bytes(2000) + table[2040:])
    with pytest.raises(NotACsvError, match=r"The stored table is damaged\. Upload the file again\."):
        train_model(home(), TrainCommand(model_type="ridge", target_column="mpg"))
    assert list(bucket.list("default/models/")) == []


def test_an_error_of_the_disk_stays_one(bucket: ObjectStore) -> None:
    ingest(home(), "mpg.csv", CSVS["mpg"][0])
    with pytest.raises(OSError, match="No space left"), open_table(home(), None):
        raise OSError(28, "No space left on device")
