"""A recipe is checked, explained and stored with its dataset."""

import pandas as pd
import pytest

from core.errors import UnknownColumnError
from core.manifests import Recipe
from core.services.processing.ingest import ingest
from core.services.processing.process import process
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import home
from tests.support.tables import CSVS


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), r"C:\data\mpg.csv", CSVS["mpg"][0]).file_id


def recipe_of(file_id: str) -> Recipe:
    return home().datasets.manifest(file_id, fresh=True).recipe


def test_processing_tells_what_it_will_do_and_stores_it(file_id: str) -> None:
    answer = process(home(), file_id, Recipe(handle_missing="mean", target_column="mpg"))
    mean = pd.read_csv(CSVS["mpg"][0])["horsepower"].mean()
    assert answer["imputed"] == {"horsepower": pytest.approx(mean, rel=1e-12)}
    assert answer["encoded"] == {"origin": 3}
    assert answer["left_out"] == ["name"]
    assert answer["notes"][0].startswith("column 'name' has 305 different texts in 398 rows and was left out")
    assert answer["before"] == {"rows": 398, "columns": 9, "missing_values": 6}
    assert answer["after"] == {"rows": 398, "columns": 6 + 3, "missing_values": 0}
    assert recipe_of(file_id) == Recipe(handle_missing="mean", target_column="mpg")


def test_dropping_counts_the_rows_that_are_left(file_id: str) -> None:
    answer = process(home(), file_id, Recipe(handle_missing="drop", target_column="mpg"))
    assert (answer["after"]["rows"], answer["imputed"]) == (392, {})


def test_a_recipe_for_a_column_that_is_not_there_is_not_stored(file_id: str) -> None:
    with pytest.raises(UnknownColumnError):
        process(home(), file_id, Recipe(target_column="price"))
    assert recipe_of(file_id) == Recipe()
