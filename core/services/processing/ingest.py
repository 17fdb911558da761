"""Ingest a file: read its table, infer types, profile it, and store it as a dataset with its source unchanged."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from core.array_types import Floats
from core.cell_values import MISSING
from core.errors import TooLargeError
from core.manifests import Column, DatasetManifest, Feature, Reading
from core.packed_columns import PACKED_ROWS, Category, pack
from core.profiling.target_relations import target_relations
from core.progress import ReportProgress, ignore_progress, progress_within
from core.services.datasets.profiles import target_file
from core.services.processing.describe import describe
from core.services.processing.inherited_recipe import inherit
from core.services.processing.received_table import find_table
from core.settings import settings
from core.storage.dataset_repository import COLUMNS, PROFILE, SOURCE, TABLE, TEXT, Draft
from core.storage.workspace import Workspace
from core.stored_document import new_file_id
from core.tables.csv_reader import read_table
from core.tables.table import Table

FILENAME_CHARACTERS = 200


def ingest(
    workspace: Workspace,
    filename: str,
    source: Path,
    reading: Reading = Reading(),  # noqa: B008 - frozen
    *,
    file_id: str | None = None,
    received: str | None = None,
    like: Sequence[Feature] = (),
    parent: DatasetManifest | None = None,
    current: bool = True,
    report_progress: ReportProgress = ignore_progress,
) -> DatasetManifest:
    """Store a file as a dataset, and as the workspace's current file if `current`, in memory for one column at a time.

    `reading` overrules what would be inferred; a column of the name of one in `like` is read as that one, unless a text
    does not fit. A large upload was given its `file_id` beforehand and is in the bucket already, at the key `received`.
    With a `parent`, whose bytes these are, its recipe is inherited. The stages are "reading", "profiling" and
    "storing". Raises `TooLargeError`, `NotACsvError`, `InvalidInputError`, `UnavailableError`; then nothing is stored.
    """
    file_id = file_id or new_file_id()
    with (
        TemporaryDirectory(prefix="regatta-") as name,
        workspace.datasets.draft(file_id, current=current) as draft,
    ):
        folder = Path(name)
        report_progress("reading", 0.0)
        found = find_table(source, folder, reading, settings().max_file_bytes)
        # It is most likely a table, so its source is uploaded while it is read.
        draft.send(SOURCE, source) if received is None else draft.copy(SOURCE, received)
        if found.container is not None:
            draft.send(TEXT, found.text.path)
        progress = progress_within(report_progress, 0.05, 0.5)
        table = read_table(found.dialect, folder, progress, found.reading, found.texts_like(like))
        draft.send(TABLE, table.path)
        report_progress("profiling", 0.5)
        described = describe(file_id, filename, found, table, reading)
        manifest, table = described.manifest, described.table
        draft.send(PROFILE, json.dumps(described.profile, ensure_ascii=False).encode())
        report_progress("storing", 0.8)
        if table.rows <= PACKED_ROWS:
            draft.send(COLUMNS, _packed(table, folder / COLUMNS))
        manifest = manifest.model_copy(update={"like": _kept(like, table)})
        if parent is not None:
            manifest = inherit(manifest, parent)
            _send_target(draft, table, manifest)
        draft.commit(manifest)
    return manifest


def _kept(like: Sequence[Feature], table: Table) -> list[Feature]:
    """Return what is stored of the features that columns were read like, without levels that are plain answers."""
    names = {column.name for column in table.columns}
    return [
        feature.model_copy(update={"levels": [level for level in feature.levels if level in MISSING]})
        for feature in like
        if feature.name in names
    ]


def _send_target(draft: Draft, table: Table, manifest: DatasetManifest) -> None:
    """Compute the relations to the target of the recipe, if it has one."""
    if (target := manifest.recipe.target_column) is not None:
        relations = json.dumps(target_relations(table, target), ensure_ascii=False)
        draft.send(target_file(manifest, target), relations.encode())


def check_request_size(size: int) -> None:
    """Raise `TooLargeError` for more bytes than one request may bring."""
    limit = settings().max_upload_bytes
    if size > limit:
        raise TooLargeError(
            f"The file has {size:,} bytes; one request takes at most {limit:,}. Send it by POST /data/uploads, or with "
            "`regatta upload`."
        )


def _packed(table: Table, path: Path) -> Path:
    """Write the packed columns, which light functions read."""
    with path.open("wb") as file:
        formats = {column.name: column.format for column in table.columns if column.format}
        pack(file, ((column.name, column.type, _values(table, column)) for column in table.columns), formats)
    return path


def _values(table: Table, column: Column) -> Floats | Category:
    """Return a column to be packed; texts stay in Arrow's form."""
    return Category(*table.encoded(column.name)) if column.type == "category" else table.numbers(column.name)
