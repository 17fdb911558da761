"""What a finding says of a sentinel holds over HTTP: its way out is taken, and the value is missing."""

import io
import json
import re
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from tests.support.tables import CASES

CASE = (CASES / "C3_sentinels_minus200_and_9999.csv").read_bytes()
DATES = "day,x\n" + "".join(f"{n % 28 + 1:02}/{n % 12 + 1:02}/2021,{n * 7 % 31}\n" for n in range(300))
FLOATS = "t,x\n" + "".join(f"{n % 23 + n % 7 / 10},{n * 7 % 31}\n" for n in range(400))
UNITS = "t,x\n" + "".join(f"{n % 23 + n % 7 / 10} °C,{n * 7 % 31}\n" for n in range(400))
COMMAS = "t;x\n" + "".join(f"{n % 23},{n % 7};{n * 7 % 31}\n" for n in range(400))


def send(handlers: httpx.Client, content: bytes) -> str:
    """Upload a file; return its file_id."""
    answer = handlers.post("/data/upload", files={"file": ("a.csv", content)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["file_id"])


def sentinels(handlers: httpx.Client, file_id: str) -> list[dict[str, Any]]:
    """Return the findings of a file about sentinels."""
    found = handlers.get("/data/profile", params={"file_id": file_id}).json()["findings"]
    return [entry for entry in found if entry["kind"] == "sentinel"]


@pytest.mark.parametrize(
    ("content", "counts"),
    [
        (CASE, {"T": 18, "RH": 13}),
        (DATES.encode() + b"31/12/9999,4\n" * 12, {"day": 12}),
        (DATES.encode() + b"01/01/1900,4\n" * 12, {"day": 12}),
        (FLOATS.encode() + b"-999.0,4\n" * 12, {"t": 12}),
        (FLOATS.encode() + b"-999,4\n" * 12, {"t": 12}),
        (UNITS.encode() + "-999 °C,4\n".encode() * 12, {"t": 12}),
        (COMMAS.encode() + b"-999,0;4\n" * 12, {"t": 12}),
    ],
)
def test_the_way_out_of_the_findings_leaves_none(
    handlers: httpx.Client, content: bytes, counts: dict[str, int]
) -> None:
    file_id = send(handlers, content)
    found = sentinels(handlers, file_id)
    assert {entry["column"]: entry["count"] for entry in found} == counts
    spellings = [
        text
        for entry in found
        for text in json.loads(re.findall(r"\{\"missing.*?\}", entry["suggestion"])[0])["missing"]
    ]
    answer = handlers.patch(f"/data/files/{file_id}/reading", json={"missing": spellings})
    assert answer.status_code == 201, answer.text
    child = answer.json()
    assert {name: child["missing"][name] for name in counts} == counts
    assert sentinels(handlers, child["file_id"]) == []


def test_outliers_name_sentinels_apart(handlers: httpx.Client) -> None:
    file_id = send(handlers, CASE)
    columns = handlers.get("/data/outliers", params={"file_id": file_id}).json()["columns"]
    assert {name: entry.get("sentinels") for name, entry in columns.items()} == {
        "T": [-200.0],
        "RH": [9999.0],
        "y": None,
    }
    assert -200.0 not in columns["T"]["values"]
    profile = handlers.get("/data/profile", params={"file_id": file_id}).json()["columns"]
    assert {name: entry["count"] for name, entry in columns.items()} == {
        name: profile[name]["outliers"] for name in columns
    }


def test_the_profile_the_report_and_a_workbook_show_units(handlers: httpx.Client) -> None:
    lines = "".join(f"{n + 0.5} kg,¥{900 + n * n % 97},{n % 9}\n" for n in range(80))
    file_id = send(handlers, f"weight,price,rooms\n{lines}".encode())
    query = {"file_id": file_id}
    columns = handlers.get("/data/profile", params=query).json()["columns"]
    assert {name: entry.get("unit") for name, entry in columns.items()} == {"weight": "kg", "price": "¥", "rooms": None}
    report = handlers.get("/data/report", params=query).text
    assert "<bdi>kg</bdi>" in report
    body = handlers.get("/data/download", params={**query, "format": "excel"}).content
    sheet = load_workbook(io.BytesIO(body))["data"]
    assert [cell.value for cell in sheet[1]] == ["weight", "price", "rooms"]
    assert [(cell.value, cell.number_format) for cell in sheet[2]] == [
        (0.5, 'General" kg"'),
        (900, '0" ¥"'),
        (0, "0"),
    ]
