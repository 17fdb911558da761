"""Exports and the URLs that download them, which are renewed as long as the file is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from core.storage.export_repository import ExportRepository, stored_file
from core.storage.s3.object_store import ObjectStore
from core.types import Json
from tests.support.storage import home

MINUTES_OF_A_DAY = 24 * 60


@pytest.fixture
def exports(bucket: ObjectStore) -> ExportRepository:
    return home().exports


def stored(exports: ExportRepository, folder: Path) -> Json:
    (folder / "m.csv").write_bytes(b"a\n1\n")
    return stored_file(exports.store("m.csv", folder / "m.csv", "text/csv"), "m.csv", 4)


def expiring(file: Json, minutes: float) -> Json:
    """The same file with a URL that works for so many minutes from now on."""
    return {**file, "expires_at": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")}


def minutes_left(file: Json) -> float:
    return (datetime.fromisoformat(file["expires_at"]) - datetime.now(UTC)).total_seconds() / 60


def seconds_signed(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


@pytest.mark.parametrize("minutes", [29, -1, -1000])
def test_a_url_that_works_for_less_than_half_an_hour_is_renewed(
    exports: ExportRepository, tmp_path: Path, minutes: int
) -> None:
    file = stored(exports, tmp_path)
    renewed = exports.renewed(expiring(file, minutes))
    assert urlsplit(renewed["url"]).path == urlsplit(file["url"]).path
    assert seconds_signed(renewed["url"]) == 3600
    assert minutes_left(renewed) == pytest.approx(60, abs=1)
    assert {**renewed, "url": "", "expires_at": ""} == {**file, "url": "", "expires_at": ""}


def test_a_new_url_stays_and_so_does_that_of_a_file_that_is_kept_no_longer(
    exports: ExportRepository, tmp_path: Path
) -> None:
    file = stored(exports, tmp_path)
    gone = expiring(file, 60 - MINUTES_OF_A_DAY - 1)
    assert (exports.renewed(file), exports.renewed(gone)) == (file, gone)


def test_no_url_works_longer_than_its_file_is_kept(exports: ExportRepository, tmp_path: Path) -> None:
    renewed = exports.renewed(expiring(stored(exports, tmp_path), 60 + 10 - MINUTES_OF_A_DAY))
    assert minutes_left(renewed) == pytest.approx(10, abs=1)
    assert seconds_signed(renewed["url"]) == pytest.approx(600, abs=60)


def test_the_urls_in_a_manifest_are_renewed_with_its_own(
    exports: ExportRepository, bucket: ObjectStore, tmp_path: Path
) -> None:
    part = {"url": stored(exports, tmp_path)["url"], "filename": "m-0.parquet", "rows": 1, "size_bytes": 4}
    file = {**exports.store_manifest("m.manifest.json", {"format": "parquet", "parts": [part]}), "parts": 1}
    key = urlsplit(file["url"]).path.removeprefix(f"/{bucket.bucket}/")
    manifest = json.loads(bucket.get(key))
    bucket.put(key, json.dumps(expiring(manifest, -5)).encode())
    renewed = exports.renewed(expiring(file, -5))
    body = bucket.get(key)
    made = json.loads(body)
    assert (renewed["expires_at"], renewed["size_bytes"]) == (made["expires_at"], len(body))
    assert minutes_left(made) == pytest.approx(60, abs=1)
    assert urlsplit(made["parts"][0]["url"]).path == urlsplit(part["url"]).path
    exports.renewed(expiring(file, -5))
    assert bucket.get(key) == body
    bucket.delete([key])
    assert exports.renewed(expiring(file, -5))["parts"] == 1
