"""A reading means the same whichever way it comes: with the bytes, announced before them, or corrected after them."""

import json
from typing import Any

import httpx
import pytest

from core.storage.container import container
from tests.support.storage import home
from tests.support.uploads import keys_in_flight, put_upload, receive_event, upload_key

TABLE = (
    "day;price;zip;pool;level\n"
    "01/02/2022;1.234,5;01234;None;5%\n"
    "03/04/2022;-999;05678;Yes;1.50\n"
    "05/06/2022;7;00001;unknown;2.00\n"
    "07/08/2022;8,25;00002;None;2.00\n"
).encode("cp1252")
READING: dict[str, Any] = {
    "encoding": "cp1252",
    "delimiter": ";",
    "has_header": True,
    "dates": "dmy",
    "decimal": ",",
    "thousands": ".",
    "types": {"zip": "category", "level": "category"},
    "missing": ["-999", "unknown"],
    "keep": ["None"],
}
FORM = {**READING, "types": json.dumps(READING["types"]), "has_header": "true"}
VARYING = {"file_id", "created_at", "parent", "recipe"}


def described(handlers: httpx.Client, file_id: str) -> dict[str, Any]:
    """Return what is known of a dataset, with its rows, without what differs from one to the next."""
    info = handlers.get("/data/info", params={"file_id": file_id}).json()
    rows = handlers.get("/data/preview", params={"file_id": file_id, "rows": 10}).json()["rows"]
    return {"rows_shown": rows, **{name: value for name, value in info.items() if name not in VARYING}}


def announce(handlers: httpx.Client, body: bytes, **fields: Any) -> str:
    answer = handlers.post("/data/uploads", json={"filename": "a.csv", "size_bytes": len(body), **fields})
    assert answer.status_code == 201, answer.text
    assert answer.json().get("reading", {}) == fields
    file_id: str = answer.json()["file_id"]
    container().objects.put(upload_key(file_id), body)
    receive_event(file_id)
    return file_id


def test_every_road_reads_the_same_table(handlers: httpx.Client) -> None:
    sent = handlers.post("/data/upload", files={"file": ("a.csv", TABLE)}, data=FORM).json()
    assert sent["reading"] == READING, sent
    assert (sent["formats"], sent["decimals"]) == ({"day": "D/M/Y"}, {"price": ","})
    expected = described(handlers, sent["file_id"])
    rows = expected["rows_shown"]
    cells = [list(row.values()) if isinstance(row, dict) else row for row in rows]
    assert [str(row[0])[:10] for row in cells] == ["2022-02-01", "2022-04-03", "2022-06-05", "2022-08-07"]
    assert [row[1:] for row in cells] == [
        [1234.5, "01234", "None", "5%"],
        [None, "05678", "Yes", "1.50"],
        [7, "00001", None, "2.00"],
        [8.25, "00002", "None", "2.00"],
    ]
    assert described(handlers, announce(handlers, TABLE, **READING)) == expected
    plain = handlers.post("/data/upload", files={"file": ("a.csv", TABLE)}).json()["file_id"]
    corrected = handlers.patch(f"/data/files/{plain}/reading", json=READING)
    assert corrected.status_code == 201, corrected.text
    assert described(handlers, corrected.json()["file_id"]) == expected
    step = plain
    for name in sorted(READING, key=lambda name: name != "types"):  # the texts first, which have a point
        answer = handlers.patch(f"/data/files/{step}/reading", json={name: READING[name]})
        assert answer.status_code == 201, answer.text
        step = answer.json()["file_id"]
    assert described(handlers, step) == expected


@pytest.mark.parametrize(
    ("reading", "field", "said"),
    [
        ({"dates": "mdy"}, "dates", ("day", "line 3", "13/04/2022")),
        ({"types": {"price": "integer"}}, "types.price", ("price", "line 2", "1.5")),
        ({"types": {"pool": "number"}}, "types.pool", ("pool", "line 2", "Yes")),
        ({"types": {"rooms": "number"}}, "types.rooms", ("rooms", "day", "price", "pool")),
        ({"decimal": ","}, "decimal", ("price", "line 2", "1.5")),
    ],
)
def test_a_contradiction_names_column_line_and_text_on_every_road(
    handlers: httpx.Client, reading: dict[str, Any], field: str, said: tuple[str, ...]
) -> None:
    table = b"day,price,pool\n01/04/2022,1.5,Yes\n13/04/2022,2,No\n"
    form = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in reading.items()}
    refused = handlers.post("/data/upload", files={"file": ("a.csv", table)}, data=form)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:regatta:problem:invalid-input")
    detail, errors = refused.json()["detail"], refused.json()["errors"]
    assert errors[0]["field"] == field
    assert all(part in detail for part in said), detail
    assert list(container().objects.list("")) == []

    file_id = announce(handlers, table, **reading)
    state = handlers.get(f"/data/files/{file_id}").json()
    assert (state["status"], state["error"]["detail"], state["error"]["errors"]) == ("failed", detail, errors)
    assert [key for key in keys_in_flight() if key.endswith(".csv")] == []
    assert home().datasets.list() == []

    plain = handlers.post("/data/upload", files={"file": ("a.csv", table)}).json()["file_id"]
    patched = handlers.patch(f"/data/files/{plain}/reading", json=reading)
    assert (patched.status_code, patched.json()["detail"], patched.json()["errors"]) == (422, detail, errors)
    assert [manifest.file_id for manifest in home().datasets.list()] == [plain]


def test_a_reading_that_is_stored_is_shown_after_a_large_upload(handlers: httpx.Client) -> None:
    file_id = announce(handlers, TABLE, dates="dmy")
    assert handlers.get(f"/data/files/{file_id}").json()["reading"] == {"dates": "dmy"}
    plain = put_upload(b"a,b\n1,2\n")
    receive_event(plain)
    assert home().datasets.manifest(plain).reading is None
