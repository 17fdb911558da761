"""A manifest holds in its own place: under another name, version or workspace it is refused, wherever it is read."""

import pytest

from core.errors import BadSignatureError
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import decode_model, encode_model
from tests.support.model_versions import publish
from tests.support.storage import WORKSPACE, Repositories


def manifest_key(workspace: str, name: str, version: int) -> str:
    return f"{workspace}/models/{name}/{version}/manifest.json"


@pytest.mark.parametrize(
    ("workspace", "name", "version"), [(WORKSPACE, "van", 1), (WORKSPACE, "boat", 2), ("other-workspace", "boat", 1)]
)
def test_a_moved_manifest_is_refused_from_the_bucket(
    bucket: ObjectStore, workspace: str, name: str, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    publish(Repositories(bucket))
    for item in list(bucket.list(f"{WORKSPACE}/")):
        moved = item.key.replace(f"{WORKSPACE}/models/boat/1/", f"{workspace}/models/{name}/{version}/")
        bucket.put(moved if moved != item.key else item.key.replace(WORKSPACE, workspace, 1), bucket.get(item.key))
    models = Repositories(bucket, workspace=workspace).models
    for read in (models.load, models.manifest):
        with pytest.raises(BadSignatureError):
            read(name, version)
    assert f"{name} {version} in {workspace}" in caplog.text


def test_a_champion_cannot_be_a_moved_manifest(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    publish(repositories)
    bucket.put(manifest_key(WORKSPACE, "boat", 2), bucket.get(manifest_key(WORKSPACE, "boat", 1)))
    with pytest.raises(BadSignatureError):
        repositories.models.choose("boat", 2)
    assert repositories.models.serving("boat", fresh=True) == 1


def test_model_data_of_one_workspace_is_refused_in_another(bucket: ObjectStore) -> None:
    repositories = Repositories(bucket)
    publish(repositories)
    sealed = encode_model(repositories.models.load("boat", 1))
    assert decode_model(sealed, WORKSPACE)
    with pytest.raises(BadSignatureError):
        decode_model(sealed, "other-workspace")
