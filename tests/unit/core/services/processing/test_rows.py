"""GET /data/rows: any page of the rows of a dataset, at a cost that does not grow with the table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from core.services.processing import rows as rows_service
from core.storage.dataset_repository import TABLE
from core.storage.s3.object_store import ObjectStore
from core.tables import reading_pass
from tests.support.containers import archive, parquet_file, workbook
from tests.support.storage import home
from tests.support.tables import CSVS
from tests.support.workflow import gbk_csv

VALUES: list[tuple[Any, ...]] = [
    ("007", 0.125, 2**53 + 1, True, "2024-01-03", "a\nb"),
    (None, None, None, None, None, None),
    ("010", -1e300, -5, False, "2024-02-29", "=1+1"),
]
NAMES = ("code", "number", "integer", "answer", "day", "text")
COLUMNS = {name: [row[place] for row in VALUES * 70] for place, name in enumerate(NAMES)}
FILES: dict[str, bytes] = {
    "mpg.csv": CSVS["mpg"][0].read_bytes(),
    "taxis.csv": CSVS["taxis"][0].read_bytes()[:40_000].rsplit(b"\n", 1)[0],
    "房价.csv": gbk_csv(),
    "book.xlsx": workbook([NAMES, *VALUES * 70]),
    "table.parquet": parquet_file(COLUMNS),
    "zip.zip": archive({"inner.tsv": b"a\tb\n" + b"1,5\tx\n2,25\t\n" * 80}),
    "short.json": b'[{"a": 1, "b": null}, {"a": 2.5, "b": "x"}]',
    "junk.csv": b"Report of May\n\na;b\n" + b"01.02.2024;1\n13.02.2024;2\n" * 60 + b"Total;180\n",
}
ROWS, PAGE = 100_000, 100
FIRST, END = 2, ROWS + 2


def upload(handlers: httpx.Client, body: bytes, name: str = "table.csv") -> dict[str, Any]:
    answer = handlers.post("/data/upload", files={"file": (name, body)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@contextmanager
def counting(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[list[int]]:
    """Give the bytes of each answer about objects of this name, which are all asked for by a range."""
    sizes: list[int] = []
    get_object = bucket.client.get_object

    def count(**asked: Any) -> Any:
        answer = get_object(**asked)
        if asked["Key"].endswith(name):
            assert "Range" in asked
            sizes.append(answer["ContentLength"])
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(bucket.client, "get_object", count)
        yield sizes


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks, and so row groups, of a few thousand rows, as those of a table with many columns are."""
    monkeypatch.setattr(reading_pass, "BLOCK_BYTES", 1 << 15)


@pytest.mark.parametrize("name", FILES)
def test_the_first_page_is_the_preview_of_any_kind_of_file(handlers: httpx.Client, name: str) -> None:
    uploaded = upload(handlers, FILES[name], name)

    found = handlers.get("/data/rows").json()

    preview = handlers.get("/data/preview", params={"rows": PAGE}).json()
    assert found["rows"] == preview["rows"]
    assert found["columns"] == preview["columns"]
    assert (found["first"], found["total"], found["file_id"]) == (FIRST, uploaded["rows"], uploaded["file_id"])


@pytest.mark.usefixtures("small_blocks")
def test_every_row_of_a_large_table_is_read_at_its_number_and_no_page_reads_much(
    handlers: httpx.Client, bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cities = ("北京", "", "Paris")
    body = "n,city,half\n" + "".join(f"{n},{cities[n % 3]},{n / 2}\n" for n in range(FIRST, END))
    file_id = upload(handlers, body.encode())["file_id"]
    stored = bucket.size(home().datasets.key(file_id, TABLE))
    read = {}
    for first in (FIRST, ROWS // 2, 99_900):
        with counting(bucket, monkeypatch, TABLE) as sizes:
            page = handlers.get("/data/rows", params={"first": first}).json()
        assert page["rows"] == [[n, cities[n % 3] or None, n / 2] for n in range(first, first + PAGE)]
        read[first] = sum(sizes)
    assert all(size < stored / 5 for size in read.values()), (read, stored)

    last = handlers.get("/data/rows", params={"first": END - 3, "rows": 50}).json()

    assert [row[0] for row in last["rows"]] == [END - 3, END - 2, END - 1]


@pytest.mark.usefixtures("small_blocks")
def test_pages_over_the_borders_of_row_groups_have_each_row_once(handlers: httpx.Client) -> None:
    body = "n,text\n" + "".join(f"{n},{n * 7919 % 1009} {'x' * 30}\n" for n in range(FIRST, 2_000))
    upload(handlers, body.encode())
    numbers: list[int] = []
    while len(numbers) < 2_000 - FIRST:
        page = rows_service.page_of_rows(home(), None, FIRST + len(numbers), PAGE)
        numbers += [row[0] for row in page["rows"]]
    assert numbers == list(range(FIRST, 2_000))


def test_a_page_of_very_large_rows_ends_early_and_the_next_one_goes_on(
    handlers: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_service, "PAGE_BYTES", 1_000)
    upload(handlers, b"n,text\n" + b"".join(b"%d,%s\n" % (n, b"x" * (n * 50)) for n in range(FIRST, 26)))
    lengths: list[int] = []
    while sum(lengths) < 26 - FIRST:
        page = handlers.get("/data/rows", params={"first": FIRST + sum(lengths)}).json()
        assert page["rows"][0][0] == FIRST + sum(lengths)
        lengths.append(len(page["rows"]))
    # A row that is too large by itself comes alone.
    assert lengths[0] == 4
    assert lengths[-1] == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"first": 400}, "must be at most 399"),
        ({"first": 10**18}, "must be at most 399"),
        ({"first": 1}, "greater than or equal to 2"),
        ({"first": "x"}, "valid integer"),
        ({"first": 2.5}, "valid integer"),
        ({"rows": 101}, "less than or equal to 100"),
        ({"rows": 0}, "greater than or equal to 1"),
    ],
)
def test_rows_that_are_not_there_are_refused_by_the_name_of_the_parameter(
    handlers: httpx.Client, asked: dict[str, Any], message: str
) -> None:
    assert upload(handlers, FILES["mpg.csv"])["rows"] == 398

    refused = handlers.get("/data/rows", params=asked)

    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert error["field"] == next(iter(asked))
    assert message in error["message"]


def test_a_file_that_is_not_there_is_a_404(handlers: httpx.Client) -> None:
    assert handlers.get("/data/rows", params={"file_id": "a1b2c3d4e5"}).status_code == 404
    assert handlers.get("/data/rows").json()["type"].endswith("no-current-file")


@pytest.mark.parametrize(("damage", "status"), [("deleted", 404), ("cut off", 422), ("overwritten", 422)])
def test_a_table_that_is_gone_or_damaged_is_said_to_be(
    handlers: httpx.Client, bucket: ObjectStore, damage: str, status: int
) -> None:
    key = home().datasets.key(upload(handlers, FILES["mpg.csv"])["file_id"], TABLE)
    table = bucket.get(key)
    if damage == "deleted":
        bucket.delete([key])
    else:
        bucket.put(key, table[: len(table) // 2] if damage == "cut off" else table[:40] + bytes(2000) + table[2040:])

    refused = handlers.get("/data/rows")

    assert refused.status_code == status
    assert "Upload " in refused.json()["detail"]
