"""Paths, bytes, file objects and DataFrames are one kind of thing to upload."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from regatta.sources import open_source

TABLE = b"a,b\n1,2\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "flats.csv"
    file.write_bytes(TABLE)
    return file


def opened(source: Any, filename: str | None = None) -> tuple[str, int, bytes]:
    with open_source(source, filename) as found, found.open() as file:
        return found.filename, found.size, file.read()


def test_a_path_has_its_name(path: Path) -> None:
    assert opened(path) == opened(str(path)) == ("flats.csv", 8, TABLE)
    assert opened(path, "other.csv")[0] == "other.csv"


@pytest.mark.parametrize("source", [TABLE, bytearray(TABLE), memoryview(TABLE), BytesIO(TABLE), StringIO("a,b\n1,2\n")])
def test_bytes_and_file_objects_are_named_data(source: Any) -> None:
    assert opened(source) == ("data.csv", 8, TABLE)
    assert opened(source, "flats.csv") == ("flats.csv", 8, TABLE)


def test_a_file_object_is_sent_from_its_beginning_wherever_it_stands() -> None:
    buffer = BytesIO()
    buffer.write(TABLE)
    assert opened(buffer)[2] == TABLE


def test_an_open_file_of_this_disk_is_its_path(path: Path) -> None:
    with path.open("rb") as file, open_source(file, None) as source:
        assert (source.path, source.is_original, source.filename) == (path, True, "flats.csv")


def test_a_stream_that_cannot_go_back_is_copied() -> None:
    class Pipe:
        def __init__(self) -> None:
            self.chunks = [TABLE[:3], TABLE[3:], b""]

        def read(self, size: int = -1) -> bytes:
            return self.chunks.pop(0)

    assert opened(Pipe()) == ("data.csv", 8, TABLE)


def test_a_copy_is_deleted_afterwards() -> None:
    with open_source(pd.DataFrame({"a": [1]}), None) as source:
        assert source.path is not None
        assert source.path.exists()
    assert not source.path.exists()


def test_a_dataframe_says_how_it_is_to_be_read() -> None:
    with open_source(pd.DataFrame({"a": [1], "zip": ["007"]}), "flats.csv") as source, source.open() as file:
        assert (source.filename, file.read()) == ("flats.csv", b"a,zip\n1,007\n")
        assert source.reading["types"] == {"zip": "category"}


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"), open_source(tmp_path / "missing.csv", None):
        pass
    with pytest.raises(IsADirectoryError), open_source(tmp_path, None):
        pass


@pytest.mark.parametrize("source", [[{"a": 1}], {"a": [1]}, 7, None, pd.Series([1])])
def test_another_object_is_named_with_what_is_taken(source: Any) -> None:
    with pytest.raises(TypeError, match="path, bytes, a file object or a DataFrame"), open_source(source, None):
        pass


def test_a_file_that_changes_is_noticed(path: Path) -> None:
    with open_source(path, None) as source:
        assert not source.has_changed()
        path.write_bytes(TABLE + b"3,4\n")
        assert source.has_changed()
