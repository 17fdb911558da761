"""A bucket for the janitor."""

import pytest

from core.storage.s3.object_store import ObjectStore
from core.storage.workspace import Workspace
from tests.support.process_state import connect_container
from tests.support.storage import home


@pytest.fixture
def kept(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The process's storage over an empty bucket, with two versions of each model kept."""
    monkeypatch.setenv("REGATTA_KEEP_VERSIONS", "2")
    connect_container(bucket)
    return home()
