"""A table past memory, as the trainings of this folder meet it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings import settings
from core.storage.s3.object_store import ObjectStore
from tests.support.past_memory import little_memory, memory_for, store_table


@pytest.fixture
def upload(bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Stores a table, of which a training of these model types has memory for `READ` rows."""

    def upload(source: str, *model_types: str, kept: bool = False) -> str:
        dataset = store_table(tmp_path, source)
        monkeypatch.setenv("REGATTA_TRAINING_MEMORY_BYTES", str(memory_for(dataset, *model_types, kept=kept)))
        settings.cache_clear()
        return dataset.file_id

    with little_memory():
        yield upload
