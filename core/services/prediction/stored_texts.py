"""Read columns of a stored file again where the stored values may not be those that a model reads in its texts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import NotACsvError, TooLargeError
from core.inference.input_warnings import NAMES_SHOWN
from core.inference.read_again import NOTHING_READ_AGAIN, WAY_OUT, ColumnsReadAgain, read_columns_again
from core.inference.sufficiency import features_to_read_again
from core.manifests import DatasetManifest, Feature
from core.settings import MIB, settings
from core.storage.cache import Counters, MemoryCache
from core.storage.dataset_repository import text_name
from core.storage.workspace import Workspace

# Larger files are read again as a job: a request has seconds, and half a gigabyte of disk.
MOST_BYTES = 64 * MIB
# So many bytes of a file are read again in a second, roughly.
BYTES_A_SECOND = MIB
KEPT = 8
EARLIER = (
    "an earlier version read this file, and this one finds other rows in it: {} may mean something else to the model "
    "than what is stored; upload the file again to be certain"
)
BATCH_ROWS = 10_000


@cache
def _kept(counters: Counters) -> MemoryCache[ColumnsReadAgain]:
    chosen = settings()
    return MemoryCache(counters, items=KEPT, max_bytes=chosen.cache_table_bytes, idle_seconds=chosen.cache_ttl_seconds)


def columns_read_again(workspace: Workspace, dataset: DatasetManifest, features: Sequence[Feature]) -> ColumnsReadAgain:
    """Return the columns of a stored file that a model cannot take as they are stored, read as it reads texts.

    Raises `TooLargeError` for a file that only a job reads again, `NoSuchFileError`, `NotACsvError`.
    """
    wanted = features_to_read_again(dataset, features)
    if not wanted:
        return NOTHING_READ_AGAIN
    if dataset.size_bytes > MOST_BYTES:
        raise TooLargeError(
            f"This file means something else to the model than what is stored of it, and a request reads at most "
            f"{MOST_BYTES:,} bytes again. A stored model_name, and not model_data, predicts it as a job."
        )
    meaning = json.dumps([feature.model_dump() for feature in wanted]).encode()
    key = f"{workspace.name}/{dataset.file_id}/{hashlib.sha256(meaning).hexdigest()}"
    kept = _kept(workspace.counters)
    found = kept.get(key)
    if found is None:
        with TemporaryDirectory(prefix="regatta-") as folder:
            found = _read_again(workspace, dataset, wanted, Path(folder), on_disk=False)
        kept.put(key, found, found.size_bytes)
    return found


def read_again_on_disk(
    workspace: Workspace, dataset: DatasetManifest, features: Sequence[Feature], folder: Path
) -> ColumnsReadAgain:
    """Return what `columns_read_again` does, for a file of any size; its values are in files in `folder`."""
    wanted = features_to_read_again(dataset, features)
    return _read_again(workspace, dataset, wanted, folder, on_disk=True) if wanted else NOTHING_READ_AGAIN


def _read_again(
    workspace: Workspace, dataset: DatasetManifest, features: Sequence[Feature], folder: Path, *, on_disk: bool
) -> ColumnsReadAgain:
    """Read the columns of these features from the stored source, of which copies go to `folder`."""
    source = folder / text_name(dataset)
    workspace.datasets.download(dataset.file_id, source.name, source)
    way_out = WAY_OUT.format(file_id=dataset.file_id)
    return read_texts_again(source, dataset, features, folder, way_out=way_out, on_disk=on_disk)


def read_texts_again(
    source: Path,
    dataset: DatasetManifest,
    features: Sequence[Feature],
    folder: Path,
    *,
    way_out: str,
    on_disk: bool = True,
) -> ColumnsReadAgain:
    """Read the columns of these features from the text of a table, of which copies go to `folder`."""
    from core.delimited.rows import stored_batches  # most requests start without it

    names = [feature.name for feature in features]
    try:
        return read_columns_again(
            partial(stored_batches, source, folder, dataset, names, BATCH_ROWS),
            features,
            dataset.rows,
            way_out=way_out,
            folder=folder if on_disk else None,
        )
    except NotACsvError:
        if any(column.is_literal is not None for column in dataset.columns):
            raise
        # An earlier version took other lines of the file for rows.
        listed = ", ".join(map(repr, names[:NAMES_SHOWN])) + (" and others" if len(names) > NAMES_SHOWN else "")
        return replace(NOTHING_READ_AGAIN, doubt=EARLIER.format(listed))


def seconds_to_read_again(dataset: DatasetManifest, features: Sequence[Feature]) -> float:
    """Return how many seconds it takes to read columns of a file again, 0 if none is; `inf` where only a job does."""
    if not features_to_read_again(dataset, features):
        return 0.0
    return float("inf") if dataset.size_bytes > MOST_BYTES else dataset.size_bytes / BYTES_A_SECOND
