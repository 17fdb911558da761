"""The same service, bytes and reading are the same upload."""

from pathlib import Path

import pytest

from regatta.sources import Source, open_source
from regatta.upload_record import UploadRecord


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def of(content: bytes, url: str = "http://service", **reading: str) -> UploadRecord:
    return UploadRecord(url, Source("data.csv", len(content), content=content), reading)


def test_the_same_bytes_are_found_again() -> None:
    of(b"a,b\n").write("f1")
    assert of(b"a,b\n").read() == "f1"
    of(b"a,b\n").delete()
    assert of(b"a,b\n").read() is None


def test_other_bytes_another_service_and_another_reading_are_other_uploads() -> None:
    of(b"a,b\n").write("f1")
    assert [of(b"a,c\n").read(), of(b"a,b\n", "http://other").read(), of(b"a,b\n", dates="dmy").read()] == [None] * 3


def test_a_file_that_was_written_again_is_another_upload(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    with open_source(path, None) as source:
        UploadRecord("http://service", source, {}).write("f1")
    path.write_text("a\n1\n2\n")
    with open_source(path, None) as source:
        assert UploadRecord("http://service", source, {}).read() is None


def test_a_cache_that_cannot_be_written_only_keeps_from_resuming(cache: Path) -> None:
    cache.write_text("a file where a folder should be")
    of(b"a,b\n").write("f1")
    assert of(b"a,b\n").read() is None
    of(b"a,b\n").delete()
