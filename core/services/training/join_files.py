"""Open files for a stored model: its columns in its types, of one file or of several joined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.inference.stored_columns import raw_columns_of_table
from core.manifests import Column, DatasetManifest, Feature, ModelManifest
from core.packed_columns import ColumnTable
from core.regressors.splits import Split, SplitOptions, split_table
from core.services.processing.open_table import open_table
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Opened:
    """A dataset and its rows as a model takes them: features, target and the validation column; NaN is missing."""

    dataset: DatasetManifest
    frame: pd.DataFrame


def open_as(workspace: Workspace, file_id: str, model: ModelManifest) -> Opened:
    """Open a file with the columns and types that a model was trained on.

    Raises `NoSuchFileError`, `UnknownColumnError` for a missing column, `InvalidInputError` for one with values that
    the model cannot take.
    """
    with open_table(workspace, file_id) as (dataset, table):
        names = {column.name for column in dataset.columns}
        wanted = [*model.features, *_besides(dataset, model)]
        present = [feature.name for feature in wanted if feature.name in names]
        columns = ColumnTable.of({name: table.values(name) for name in present}, dataset.columns)
    raw = raw_columns_of_table(columns, wanted)
    for feature in wanted:
        if feature.type == "category":
            raw[feature.name] = np.where(raw[feature.name] == "", np.nan, raw[feature.name])
    return Opened(dataset, pd.DataFrame(raw))


def open_joined(
    workspace: Workspace, file_id: str, earlier: Sequence[str], model: ModelManifest
) -> tuple[DatasetManifest, Split]:
    """Split a file by a model's recipe and validation, with rows of earlier files as further train rows.

    Raises what `open_as` and `core.regressors.splits.split` raise.
    """
    opened = open_as(workspace, file_id, model)
    return opened.dataset, join(opened, [open_as(workspace, one, model) for one in earlier], model)


def join(opened: Opened, earlier: Sequence[Opened], model: ModelManifest) -> Split:
    """Split an open file in the same way; the holdout is of this dataset alone. Raises what `split` raises."""
    more = pd.concat([one.frame for one in earlier], ignore_index=True) if earlier else None
    whole = opened.frame if more is None else pd.concat([more, opened.frame], ignore_index=True)
    columns = [_column(feature, whole) for feature in model.features]
    options = SplitOptions(columns, model.recipe, model.target_column, model.test_size, model.validation)
    return split_table(opened.frame, options, extra_train=more)


def _besides(dataset: DatasetManifest, model: ModelManifest) -> list[Feature]:
    """Return the columns that are needed besides the features: the target and the validation column."""
    besides = [Feature(name=model.target_column, type="number", fill=0.0)]
    name, kind = model.validation.column, model.validation.kind
    if name is not None and all(name != feature.name for feature in model.features):
        dates = {column.name for column in dataset.columns if column.type == "date"}
        if kind == "group":
            besides.append(Feature(name=name, type="category", fill=""))
        else:
            besides.append(Feature(name=name, type="date" if name in dates else "number", fill=0.0))
    return besides


def _column(feature: Feature, frame: pd.DataFrame) -> Column:
    values = frame[feature.name]
    missing, distinct = int(values.isna().sum()), int(values.nunique())
    return Column(
        name=feature.name,
        type=feature.type,
        missing=missing,
        distinct=distinct,
        format=feature.format,
        unit=feature.unit,
        decimal=feature.decimal,
    )
