"""Load the fitted scikit-learn pipeline of a stored model, for what needs the estimator; predicting never does."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

from sklearn.base import BaseEstimator

from core.errors import OtherLibrariesError
from core.model_manifest import ModelManifest
from core.preprocessing.former_names import unpickle
from core.storage.artifacts import PICKLE
from core.storage.workspace import Workspace

# A pickle is valid only in the versions that wrote it, and its graph was verified with this runtime.
MUST_AGREE = ("scikit-learn", "onnxruntime")
# Those of some models only, which may not be installed.
OPTIONAL = ("lightgbm",)


def load_pipeline(workspace: Workspace, name: str, version: int | None = None) -> BaseEstimator:
    """Unpickle a version, or the one that serves without `version`; its `.predict` takes a DataFrame of raw columns.

    It is a `Pipeline`, or for an ensemble a `VotingRegressor` of pipelines.

    The manifest's signature, the digest of the bytes and the library versions are verified first. Raises
    `NoSuchModelError`, `BadSignatureError`, `OtherLibrariesError`.
    """
    manifest = workspace.models.manifest(name, version)
    body = workspace.models.file(manifest, PICKLE)
    _check_libraries(manifest)
    pipeline = unpickle(body)
    assert isinstance(pipeline, BaseEstimator)
    return pipeline


def _running(library: str) -> str:
    """Return the version of a library in this process, in words where there is none."""
    try:
        return installed(library)
    except PackageNotFoundError:
        return "without it"


def _check_libraries(manifest: ModelManifest) -> None:
    """Raise `OtherLibrariesError` unless this process runs the versions that the pickle was written with."""
    needed = [*MUST_AGREE, *(library for library in OPTIONAL if library in manifest.libraries)]
    differing = [
        (library, manifest.libraries.get(library, "an unknown version"), _running(library))
        for library in needed
        if manifest.libraries.get(library) != _running(library)
    ]
    if not differing:
        return
    which = f"Version {manifest.version} of model {manifest.model_name!r}"
    versions = " and ".join(f"with {library} {theirs}, and this is {ours}" for library, theirs, ours in differing)
    raise OtherLibrariesError(
        f"{which} was trained {versions}, so its pickle is not loaded. It goes on predicting by its graph. "
        f"Train it again: POST /model/train with model_type {manifest.model_type!r}, model_name "
        f"{manifest.model_name!r} and the file {manifest.dataset.file_id} ({manifest.dataset.filename}).",
        [
            {"field": library, "message": f"trained with {theirs}, running {ours}"}
            for library, theirs, ours in differing
        ],
    )
