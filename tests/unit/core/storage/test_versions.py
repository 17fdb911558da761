"""The numbers of versions: found without a listing that grows with them."""

import pytest

from core.storage import versions
from core.storage.s3.object_store import ObjectStore
from core.storage.versions import manifest_key
from tests.support.storage import WORKSPACE, Repositories


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 8, 9, 30])
def test_the_last_number_is_found_however_many_there_are(
    bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(versions, "ONE_LISTING", 3)
    for number in range(1, count + 1):
        # Some of them deleted.
        bucket.put(manifest_key(WORKSPACE, "flats", number), b"" if number % 3 else b"{}")
    bucket.put(manifest_key(WORKSPACE, "flats-2", 99), b"{}")
    assert Repositories(bucket).models._versions.last_taken("flats") == count
    assert Repositories(bucket).models._versions.taken("flats") == list(range(1, count + 1))
