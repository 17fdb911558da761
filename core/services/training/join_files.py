"""Open files for a stored model: its columns in its types, of one file or of several joined."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.errors import NotFoundError, RegattaError, UnprocessableError
from core.manifests import Column, DatasetManifest, Feature
from core.model_manifest import ModelManifest
from core.regressors.splits import Split, SplitOptions, split_table
from core.services.training.read_as import ReadFile, read_as
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Opened:
    """A dataset and its rows as a model takes them: features, target and the validation column; NaN is missing.

    `own` are columns that contradict the model's reading. They have the values that the dataset itself has.
    """

    dataset: DatasetManifest
    frame: pd.DataFrame
    own: list[str] = field(default_factory=list)


def open_as(
    workspace: Workspace, file_id: str, model: ModelManifest, own: Sequence[str] = (), most_rows: int | None = None
) -> Opened:
    """Open a file with the columns and types that a model was trained on, `most_rows` as in `read_as`.

    Columns that contradict the model's reading have the values of the dataset itself, and those in `own` too. Raises
    `NoSuchFileError`, `UnknownColumnError` for a missing column, `InvalidInputError` for one with values that the
    model cannot take.
    """
    return opened_as(read_as(workspace, file_id, model, most_rows), own)


def opened_as(file: ReadFile, own: Sequence[str] = ()) -> Opened:
    """Return a file that was read as a model does, as `open_as` returns it."""
    names = list(dict.fromkeys([*file.unread, *own]))
    raw = dict(file.raw_columns(names))
    for feature in file.wanted:
        if feature.type == "category":
            raw[feature.name] = np.where(raw[feature.name] == "", np.nan, raw[feature.name])
    return Opened(file.dataset, pd.DataFrame(raw), names)


def open_files(
    workspace: Workspace, file_ids: Sequence[str], model: ModelManifest, most_rows: int | None = None
) -> dict[str, Opened | RegattaError]:
    """Open several files of a series; return them by `file_id`, or the error of one that `open_as` cannot open.

    At most `most_rows` rows of each stay in memory.

    A file that contradicts the model's reading was let in by a person, and has the values of its own dataset. In the
    columns in which it does, so do all older files: they were read as the model was before.
    """
    own: list[str] = []
    found: dict[str, Opened | RegattaError] = {}
    # The identifiers of datasets are in the order of creation.
    for file_id in sorted(set(file_ids), reverse=True):
        try:
            opened = found[file_id] = open_as(workspace, file_id, model, own, most_rows)
            own = opened.own
        except (NotFoundError, UnprocessableError) as error:
            found[file_id] = error
    return found


def open_joined(
    workspace: Workspace, file_id: str, earlier: Sequence[str], model: ModelManifest, most_rows: int | None = None
) -> tuple[DatasetManifest, Split]:
    """Split a file by a model's recipe and validation, with rows of earlier files as further train rows.

    At most `most_rows` rows of each stay in memory. Raises what `open_as` and `core.regressors.splits.split` raise.
    """
    files = open_files(workspace, [*earlier, file_id], model, most_rows)
    *more, opened = [_or_raise(files[name]) for name in (*earlier, file_id)]
    return opened.dataset, join(opened, more, model)


def _or_raise(opened: Opened | RegattaError) -> Opened:
    if isinstance(opened, RegattaError):
        raise opened
    return opened


def join(opened: Opened, earlier: Sequence[Opened], model: ModelManifest) -> Split:
    """Split an open file in the same way; the holdout is of this dataset alone. Raises what `split` raises."""
    more = pd.concat([one.frame for one in earlier], ignore_index=True) if earlier else None
    whole = opened.frame if more is None else pd.concat([more, opened.frame], ignore_index=True)
    # A model of an earlier version does not know how its numbers are written.
    described = {} if model.target else {column.name: column for column in opened.dataset.columns}
    columns = [_column(feature, whole, described.get(feature.name)) for feature in model.features]
    options = SplitOptions(columns, model.recipe, model.target_column, model.test_size, model.validation)
    sampled = [len(one.frame) for one in (*earlier, opened) if len(one.frame) < one.dataset.rows]
    if not sampled:
        return split_table(opened.frame, options, extra_train=more)
    rows = sum(one.dataset.rows for one in (*earlier, opened))
    note = f"{len(whole):,} of the {rows:,} rows of its files were read, spread evenly: memory allows no more"
    return replace(split_table(opened.frame, options, [note], extra_train=more), rows_read=max(sampled))


def _column(feature: Feature, frame: pd.DataFrame, described: Column | None) -> Column:
    written = feature if described is None or described.type not in ("integer", "number") else described
    values = frame[feature.name]
    missing, distinct = int(values.isna().sum()), int(values.nunique())
    return Column(
        name=feature.name,
        type=feature.type,
        missing=missing,
        distinct=distinct,
        format=feature.format,
        unit=written.unit,
        decimal=written.decimal,
        words=feature.words,
    )
