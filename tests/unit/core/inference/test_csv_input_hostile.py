"""A hostile file as a body is read or refused as it is at an upload, and nothing else happens."""

from pathlib import Path

import pytest

from core.delimited.decoding import read_text
from core.delimited.dialect import find_dialect
from core.delimited.rows import TableRows
from core.errors import RegattaError
from core.inference.csv_input import batches_from_csv
from core.manifests import Feature
from tests.support.hostile_files import SMALL_FILES
from tests.support.hostile_files.cases import HostileFile


def has_header(form: dict[str, str]) -> bool | None:
    return form["has_header"] == "true" if "has_header" in form else None


def rows_of_upload(path: Path, folder: Path, form: dict[str, str]) -> tuple[list[str], list[list[str]]] | str:
    """The names and rows, or the refusal."""
    try:
        text = read_text(path, folder, form.get("encoding"), max_bytes=1 << 26)
        table = TableRows(find_dialect(text, folder, form.get("delimiter"), has_header(form)))
        return table.names, [cells for _, cells in table]
    except RegattaError as error:
        return error.detail


@pytest.mark.parametrize("case", SMALL_FILES.values(), ids=SMALL_FILES.keys())
def test_it_is_read_or_refused_as_at_an_upload(tmp_path: Path, case: HostileFile) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(case.content)
    if case.form.keys() - {"encoding", "delimiter", "has_header"}:
        case = HostileFile(case.content, case.outcome)
    uploaded = rows_of_upload(source, tmp_path, case.form)
    names = uploaded[0] if isinstance(uploaded, tuple) else ["x", "y"]
    features = [Feature(name=name, type="category", fill="") for name in names]
    options = {name: case.form[name] for name in ("encoding", "delimiter") if name in case.form}
    columns: dict[str, list[str]] = {}
    try:
        for batch in batches_from_csv(case.content, None, features, 1000, has_header=has_header(case.form), **options):
            for name, values in batch.columns.items():
                columns.setdefault(name, []).extend(values)
    except RegattaError as error:
        assert isinstance(uploaded, str), error.detail
        return
    if isinstance(uploaded, tuple):
        assert columns == {name: [row[i] for row in uploaded[1]] for i, name in enumerate(names)}
