"""A model is trained for a target that the command or the recipe names, under a name that is no path."""

import pytest

from core.errors import InvalidInputError, TargetError
from core.jobs.commands import TrainCommand
from core.manifests import Recipe
from core.services.processing.ingest import ingest
from core.services.processing.process import process
from core.services.training.train import train_model
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), r"C:\data\mpg.csv", CSVS["mpg"][0]).file_id


def test_training_needs_a_target_from_the_order_or_the_recipe(file_id: str) -> None:
    with pytest.raises(TargetError, match="No target column"):
        train_model(home(), TrainCommand(model_type="ridge", file_id=file_id))
    process(home(), file_id, Recipe(target_column="mpg"))
    assert train_model(home(), TrainCommand(model_type="ridge", file_id=file_id)).target_column == "mpg"


@pytest.mark.parametrize("name", ["../x", "", "a/b", "-x", "x" * 101])
def test_a_name_that_is_a_path_is_refused(file_id: str, name: str) -> None:
    with pytest.raises(InvalidInputError, match="model_name"):
        train_model(home(), TrainCommand(model_type="ridge", target_column="mpg", file_id=file_id, model_name=name))
