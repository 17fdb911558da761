"""PATCH /data/files/{file_id}: another name for a file."""

from pathlib import Path

import httpx
import pytest

from core.services.processing.ingest import ingest
from tests.support.storage import home


@pytest.fixture
def file_id(handlers: httpx.Client, tmp_path: Path) -> str:
    (tmp_path / "x").write_text("a,b\n1,2\n3,4\n")
    return ingest(home(), "old.csv", tmp_path / "x").file_id


def test_a_renamed_file_has_its_new_name_everywhere(handlers: httpx.Client, file_id: str) -> None:
    renamed = handlers.patch(f"/data/files/{file_id}", json={"filename": "新.csv"})

    assert (renamed.status_code, renamed.json()["filename"]) == (200, "新.csv")
    assert [file["filename"] for file in handlers.get("/data/files").json()["files"]] == ["新.csv"]
    source = handlers.get("/data/download", params={"source": True, "file_id": file_id})
    assert "%E6%96%B0.csv" in source.headers["content-disposition"]


@pytest.mark.parametrize("filename", ["", "  ", "x" * 1001, 3, None])
def test_a_name_that_nobody_can_see_is_refused_and_the_old_one_stays(
    handlers: httpx.Client, file_id: str, filename: object
) -> None:
    refused = handlers.patch(f"/data/files/{file_id}", json={"filename": filename})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "filename"
    assert handlers.get(f"/data/files/{file_id}").json()["filename"] == "old.csv"


def test_a_file_that_is_not_there_is_a_404(handlers: httpx.Client) -> None:
    assert handlers.patch("/data/files/a1b2c3d4e5", json={"filename": "new.csv"}).status_code == 404
