"""A file becomes a dataset: its bytes and its table are stored, or nothing is."""

import numpy as np
import pandas as pd
import pytest

from core.errors import TooLargeError
from core.services.processing.ingest import ingest
from core.services.processing.open_table import open_table
from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from tests.support.storage import WORKSPACE, home
from tests.support.tables import CSVS

MPG = CSVS["mpg"][0].read_bytes()


@pytest.fixture
def file_id(bucket: ObjectStore) -> str:
    return ingest(home(), r"C:\data\mpg.csv", CSVS["mpg"][0]).file_id


def test_a_stored_file_is_the_file_and_its_table(file_id: str, bucket: ObjectStore) -> None:
    expected = pd.read_csv(CSVS["mpg"][0])
    with open_table(home(), None) as (manifest, table):
        assert table.values("weight").tolist() == expected["weight"].tolist()
        assert np.isnan(table.values("horsepower")).sum() == 6
    assert (manifest.file_id, manifest.filename, manifest.rows) == (file_id, "mpg.csv", 398)
    assert bucket.get(f"{WORKSPACE}/datasets/{file_id}/source.csv") == MPG


def test_a_file_over_the_limit_is_not_stored(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_MAX_FILE_BYTES", "100")
    settings.cache_clear()
    with pytest.raises(TooLargeError, match="100"):
        ingest(home(), "mpg.csv", CSVS["mpg"][0])
    assert list(bucket.list("")) == []
