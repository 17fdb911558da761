"""The pickled pipeline: loaded only when it is ours, unchanged, and of the library versions that run here."""

import pickle
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from core.compiler.compile import compile_pipeline
from core.errors import BadSignatureError, NoSuchModelError, OtherLibrariesError
from core.model_manifest import ModelManifest
from core.services.prediction.loaded_models import find_model
from core.services.prediction.predict import predict_records
from core.services.training.unpickle import load_pipeline
from core.storage.artifacts import GRAPH, PICKLE
from core.storage.keyring import parse_keyring
from core.storage.s3.object_store import ObjectStore
from core.storage.signed_models import sign_manifest
from tests.support.storage import WORKSPACE, home, model_draft
from tests.support.tables import voyages
from tests.support.training import fitted, split_of

HERE = {library: version(library) for library in ("scikit-learn", "onnxruntime")}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def store(graph: bytes, pickled: bytes, **changes: Any) -> ModelManifest:
    draft = model_draft(graph, pickled, **{"libraries": HERE, **changes})
    return home().models.publish(draft, {GRAPH: graph, PICKLE: pickled})


@pytest.fixture
def bomb(bucket: ObjectStore, tmp_path: Path) -> Path:
    """A stored model whose unpickling leaves this file behind."""
    path = tmp_path / "unpickled"
    store(b"graph", pickle.dumps(Bomb(path)))
    return path


def test_a_model_of_ours_is_the_pipeline_that_was_fitted(bucket: ObjectStore, tmp_path: Path) -> None:
    data = split_of(voyages(tmp_path / "voyages.parquet"), "fare")
    pipeline = fitted(data, "ridge")
    graph, features = compile_pipeline(pipeline, data.columns)
    store(graph, pickle.dumps(pipeline), features=features)
    loaded = load_pipeline(home(), "boat", 1)
    assert isinstance(loaded, Pipeline)
    assert np.array_equal(loaded.predict(data.test_x), pipeline.predict(data.test_x))


@pytest.mark.parametrize("libraries", [{"scikit-learn": "1.2.3"}, {"onnxruntime": "1.2.3"}])
def test_a_model_of_other_versions_predicts_by_its_graph_and_its_pickle_is_refused(
    bucket: ObjectStore, tmp_path: Path, libraries: dict[str, str]
) -> None:
    data = split_of(voyages(tmp_path / "voyages.parquet"), "fare")
    pipeline = fitted(data, "ridge")
    graph, features = compile_pipeline(pipeline, data.columns)
    store(graph, pickle.dumps(pipeline), features=features, libraries={**HERE, **libraries})
    row = {feature.name: None for feature in features}
    assert np.isfinite(predict_records(find_model(home(), "boat"), [row]).values).all()
    with pytest.raises(OtherLibrariesError) as refused:
        load_pipeline(home(), "boat")
    (library,) = libraries
    assert refused.value.errors == [{"field": library, "message": f"trained with 1.2.3, running {HERE[library]}"}]
    for part in (library, "1.2.3", HERE[library], "POST /model/train", "'ridge'", "'boat'", "船.csv"):
        assert part in refused.value.detail


def test_a_model_that_does_not_say_its_versions_is_refused(bomb: Path, tmp_path: Path) -> None:
    store(b"graph", pickle.dumps(Bomb(bomb)), libraries={})
    with pytest.raises(OtherLibrariesError, match="an unknown version"):
        load_pipeline(home(), "boat")
    assert not bomb.exists()


def test_changed_bytes_are_never_unpickled(bomb: Path, bucket: ObjectStore) -> None:
    (key,) = (item.key for item in bucket.list("") if item.key.endswith(PICKLE))
    bucket.put(key, bucket.get(key) + b"\0")
    with pytest.raises(BadSignatureError, match="bytes"):
        load_pipeline(home(), "boat")
    assert not bomb.exists()


def test_bytes_with_the_right_digest_in_an_unsigned_manifest_are_never_unpickled(
    bomb: Path, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"{WORKSPACE}/models/boat/1/manifest.json"
    body = bucket.get(key)
    for changed in (body.replace(b"ridge", b"lasso"), body.replace(b'"signature":"', b'"signature":"0')):
        assert changed != body
        bucket.put(key, changed)
        with pytest.raises(BadSignatureError, match="not signed"):
            load_pipeline(home(), "boat")
    # Everything is as it should be, but for the key: another deployment's model.
    others = parse_keyring(b"the key of somebody else", "a test")
    monkeypatch.setattr("core.storage.signing.newest_keyring", lambda: others)
    bucket.put(key, sign_manifest(ModelManifest.model_validate_json(body), WORKSPACE).model_dump_json().encode())
    monkeypatch.undo()
    with pytest.raises(BadSignatureError, match="not signed"):
        load_pipeline(home(), "boat")
    assert not bomb.exists()


def test_a_pickle_that_is_ours_is_really_unpickled(bomb: Path) -> None:
    with pytest.raises(AssertionError):  # a bomb is no pipeline
        load_pipeline(home(), "boat")
    assert bomb.exists()


def test_what_is_not_there_is_said_to_be_missing(bomb: Path, bucket: ObjectStore) -> None:
    for name, number in (("ship", None), ("boat", 2), ("../boat", 1)):
        with pytest.raises(NoSuchModelError):
            load_pipeline(home(), name, number)
    bucket.delete([item.key for item in bucket.list("") if item.key.endswith(PICKLE)])
    with pytest.raises(NoSuchModelError, match="deleted"):
        load_pipeline(home(), "boat", 1)
