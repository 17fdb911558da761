"""Read columns of a dataset again from its source: as texts, with the line of the file where each is first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from core.delimited.rows import stored_rows
from core.manifests import DatasetManifest
from core.storage.dataset_repository import text_name
from core.storage.workspace import Workspace


@dataclass
class ColumnTexts:
    """A column as texts, trimmed: by row the place of its text in `texts`, which are in the order of the file.

    `lines` has the line where each text is first, `counts` the number of its rows.
    """

    codes: NDArray[np.int32]
    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


def source_texts(workspace: Workspace, dataset: DatasetManifest, names: Sequence[str]) -> dict[str, ColumnTexts]:
    """Return these columns of a dataset as texts, a row for each row of its table; raises `NoSuchFileError`."""
    if not names:
        return {}
    places = {column.name: place for place, column in enumerate(dataset.columns)}
    columns = [(places[name], ColumnTexts(np.empty(dataset.rows, np.int32)), _Codes()) for name in names]
    with TemporaryDirectory(prefix="regatta-") as name:
        folder = Path(name)
        source = folder / text_name(dataset)
        workspace.datasets.download(dataset.file_id, source.name, source)
        for row, (line, cells) in enumerate(stored_rows(source, folder, dataset)):
            for place, column, codes in columns:
                code = codes[cells[place].strip()]
                if code == len(column.lines):
                    column.lines.append(line)
                    column.counts.append(0)
                column.codes[row] = code
                column.counts[code] += 1
    for _, column, codes in columns:
        column.texts = list(codes)
    return {name: column for name, (_, column, _) in zip(names, columns, strict=True)}


class _Codes(dict[str, int]):
    """The place of each text, in the order in which they were first looked up."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]
