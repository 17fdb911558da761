"""The fields in the settings of a series that say how its files are read."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from regatta import Regatta
from regatta.errors import UploadInterrupted
from tests.support.gateway import HandlerTransport
from tests.support.storage import home

READING: dict[str, Any] = {
    "dates": "dmy",
    "decimal": ",",
    "thousands": " ",
    "types": {"zip": "category"},
    "missing": ["-999"],
    "keep": ["None"],
}


def test_a_series_keeps_how_its_files_are_read(handlers: httpx.Client) -> None:
    answer = handlers.put("/series/prices", json={"mode": "replace", **READING, "thousands": "space"})
    assert answer.status_code == 200, answer.text
    settings = handlers.get("/series/prices").json()["settings"]
    assert READING.items() <= settings.items()
    assert home().series.get("prices").settings.reading.asked == READING


def test_the_settings_of_a_series_without_them_are_as_before(handlers: httpx.Client) -> None:
    settings = handlers.put("/series/prices", json={}).json()["settings"]
    assert not READING.keys() & settings.keys()
    handlers.put("/series/prices", json=READING)
    cleared = handlers.put("/series/prices", json={name: None for name in READING})
    assert (cleared.status_code, READING.keys() & cleared.json()["settings"].keys()) == (200, set())


def test_a_target_that_comes_with_a_file_leaves_them(handlers: httpx.Client, tmp_path: Path) -> None:
    handlers.put("/series/prices", json=READING)
    (tmp_path / "a.csv").write_bytes(b"a,y\n1,2\n")
    client = Regatta(str(handlers.base_url), transport=HandlerTransport())
    with client, pytest.raises(UploadInterrupted, match="bucket"):
        # The bucket of the tests takes no form; by then the target is set.
        client.series.upload("prices", tmp_path / "a.csv", target="y")
    settings = home().series.get("prices", fresh=True).settings
    assert (settings.target_column, settings.reading.asked) == ("y", READING)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"dates": "german"}, "dates"),
        ({"types": {"zip": "text"}}, "types.zip"),
        ({"decimal": ",", "thousands": ","}, "thousands"),
        ({"encoding": "klingon"}, "encoding"),
        ({"date": "dmy"}, "date"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(handlers: httpx.Client, fields: dict[str, Any], field: str) -> None:
    handlers.put("/series/prices", json=READING)
    answer = handlers.put("/series/prices", json=fields)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert home().series.get("prices", fresh=True).settings.reading.asked == READING
