"""Dates in files of other programs: their values, their warnings, and the same values by every road of a prediction."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidRecordsError
from core.inference.csv_input import batches_from_csv
from core.inference.input_batch import raw_columns_of_batch
from core.inference.input_warnings import InputWarnings
from core.inference.stored_columns import raw_columns_of_table
from core.manifests import Feature
from tests.support.raw_columns import raw_columns_of_records
from tests.support.tables import cells, packed, read
from tests.support.training import split_of

CASES = Path(__file__).parents[3] / "data" / "cases"


def read_column(*texts: str, name: str = "c") -> tuple[str, str | None, list[Any], list[str]]:
    """Return the type, the format, the values and the warnings of a column beside another one."""
    table = read("\n".join([f'"{name}",k', *(f'"{text}",{row % 7}' for row, text in enumerate(texts))]))
    column = table.columns[0]
    return column.type, column.format, cells(table, name), table.warnings


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("B3_chinese_am_pm", {"时间": (datetime(2023, 1, 5, 13), datetime(2023, 1, 22, 11))}),
        ("B3_timestamp_bigquery_utc", {"when": (datetime(2023, 1, 5, 13), datetime(2023, 1, 22, 11))}),
        (
            "B3_two_digit_years",
            dict.fromkeys(("sold", "shipped", "paid"), (datetime(2022, 3, 6), datetime(2022, 12, 21))),
        ),
        (
            "B3_year_month_quarter_clock",
            {
                **dict.fromkeys(("ym", "mon", "zh", "dotted"), (datetime(2018, 2, 1), datetime(2022, 12, 1))),
                "q": (datetime(2018, 1, 1), datetime(2022, 10, 1)),
                "clock": (47220.0, 85980.0),
            },
        ),
    ],
)
def test_the_dates_of_a_case_are_features_of_a_model(name: str, columns: dict[str, tuple[Any, Any]]) -> None:
    table = read((CASES / f"{name}.csv").read_bytes())
    target = table.columns[-1].name
    split = split_of(table, target)
    for column, (second, last) in columns.items():
        values = cells(table, column)
        assert (values[1], values[-1]) == (second, last)
        assert column in {feature.name for feature in split.columns}
    assert not split.notes


TEXTS = [
    *(("1-Mar-22", "14-Apr-22"), ("3/1/22", "3/14/22"), ("1.3.22", "14.3.22"), ("22/03/01", "22/03/31", "22/12/02")),
    *(
        ("2018-01", "2018-12"),
        ("Jan-2018", "Dec-2018"),
        ("Jan-18", "Oct-31"),
        ("2018Q1", "2018Q4"),
        ("01/2018", "12/2018"),
    ),
    *(("2018年1月", "2018年12月"), ("Q1 2018", "Q4 2018"), ("1Q18", "4Q18"), ("2018年一季度", "2018年四季度")),
    *(("2018-W01", "2018-W52"), ("2018.9", "2018.10"), ("09.2018", "10.2018")),
    *(("Tue, 01 Mar 2022 10:00:00 +0100", "Wed, 02 Mar 2022 10:00:00 GMT"),),
    *(("Tue Mar 01 2022 10:00:00 GMT+0100 (CET)", "Wed Mar 02 2022 10:00:00 GMT+0200 (CEST)"),),
    *(
        ("2022-03-01 10:00:00 UTC", "2022-03-01 10:00:00.123456 UTC"),
        ("2022-03-01T10:00:00Z", "2022-03-01T10:00:00+02"),
    ),
    *(("2023年1月5日14时35分", "2023年1月5日 下午2:35"), ("14:35", "2:35 PM"), ("下午2:35:20", "上午9:05:00")),
    *(("20220301", "20221231"), ("44621", "44622.5"), ("202203", "202212"), ("13/03/2022", "12/03/2022")),
]


@pytest.mark.parametrize("texts", TEXTS)
def test_every_road_reads_the_same(texts: tuple[str, ...]) -> None:
    source = "\n".join(['"sale_date",k', *(f'"{text}",{row}' for row, text in enumerate(texts))])
    table = read(source)
    column = table.columns[0]
    assert column.type == "date" or column.format == "h:m"
    kind = "date" if column.type == "date" else "number"
    feature = Feature(name="sale_date", type=kind, fill=0.0, format=column.format)
    expected = raw_columns_of_table(packed(table), [feature])["sale_date"].tolist()
    assert None not in cells(table, "sale_date")
    records, _ = raw_columns_of_records([{"sale_date": f" {text} "} for text in texts], [feature])
    (batch,) = batches_from_csv(source.encode(), "utf-8", [feature], 100)
    body = raw_columns_of_batch(batch, [feature], InputWarnings([feature], strict=False))
    assert records["sale_date"].tolist() == body["sale_date"].tolist() == expected
    if column.format in ("YYYYMMDD", "Excel", "YYYYMM"):
        numbers, _ = raw_columns_of_records([{"sale_date": float(text)} for text in texts], [feature])
        assert numbers["sale_date"].tolist() == expected


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        *[("year", ("2018", "2019")), ("zip", ("44621", "20220")), ("n", ("201801", "201812"))],
        *[
            ("n", ("20180131", "20181231")),
            ("update", ("44621", "44622")),
            ("day", ("44621", "44622")),
            ("candidate", ("20180131", "20180201")),
            ("sales_year_to_date", ("44621", "44622")),
            ("Orders to Date", ("20180131", "20180201")),
        ],
        *[("n", ("2018.1", "2018.12")), ("n", ("2018.10", "2018.13")), ("n", ("10.2018", "11.2018"))],
        *[
            ("date", ("1", "31")),
            ("date", ("20181331", "20180101")),
            ("date", ("2018", "2019")),
            ("month", ("1", "12")),
        ],
    ],
)
def test_numbers_without_a_reason_are_no_dates(name: str, texts: tuple[str, ...]) -> None:
    assert read_column(*texts, name=name)[0] in ("integer", "number")


@pytest.mark.parametrize(
    ("name", "texts", "first"),
    [
        *[
            ("OrderDate", ("44621", "44622.25"), datetime(2022, 3, 1)),
            ("日期", ("44621", "44630"), datetime(2022, 3, 1)),
        ],
        *[
            ("saledate", ("20220301", "20221231"), datetime(2022, 3, 1)),
            ("年月", ("202203", "202212"), datetime(2022, 3, 1)),
        ],
        ("n", ("2018.1", "2018.10"), datetime(2018, 1, 1)),
        ("date", ("44621", "#N/A", "..", ""), datetime(2022, 3, 1)),
        ("n", ("01.2018", "10.2018"), datetime(2018, 1, 1)),
    ],
)
def test_numbers_with_a_reason_are_dates_with_a_warning(name: str, texts: tuple[str, ...], first: datetime) -> None:
    kind, _, values, warnings = read_column(*texts, name=name)
    assert (kind, values[0]) == ("date", first)
    assert f"column {name!r}: {texts[0]!r} is read as {first.date()}" in " ".join(warnings)


@pytest.mark.parametrize("text", ["2018.1", 2018.1, 2018])
def test_a_float_cannot_be_a_month_with_a_point(text: Any) -> None:
    feature = Feature(name="d", type="date", fill=0.0, format="Y.M")
    if isinstance(text, str):
        assert (
            raw_columns_of_records([{"d": text}], [feature])[0]["d"][0] == datetime(2018, 1, 1, tzinfo=UTC).timestamp()
        )
        return
    with pytest.raises(InvalidRecordsError):
        raw_columns_of_records([{"d": text}], [feature])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            ("01/01/2022", "03/04/2022"),
            "'03/04/2022' is read as 2022-03-04, the month first (M/D/Y); the day first (D/M/Y) fits every date as "
            "well: '03/04/2022' would be 2022-04-03; to have it read so, send dates=dmy",
        ),
        (
            ("03-04-22",),
            "'03-04-22' is read as 2022-03-04, the month first (M/D/y); years of two digits are 1969 to 2068; the day "
            "first (D/M/y) fits every date as well: '03-04-22' would be 2022-04-03; the year first (y/M/D) fits every "
            "date as well: '03-04-22' would be 2003-04-22; to have it read so, send dates=dmy or dates=ymd",
        ),
        (
            ("14.03.22",),
            "'14.03.22' is read as 2022-03-14, the day first (D.M.y); years of two digits are 1969 to 2068; the year "
            "first (y/M/D) fits every date as well: '14.03.22' would be 2014-03-22; to have it read so, send dates=ymd",
        ),
    ],
)
def test_an_ambiguous_column_says_what_is_assumed_and_what_else_it_could_be(texts: tuple[str, ...], said: str) -> None:
    assert read_column(*texts)[3] == [f"column 'c': {said} with PATCH /data/files/{{file_id}}/reading"]


@pytest.mark.parametrize(
    "texts", [("01/01/2022", "02/02/2022"), ("03/04/2022", "13/04/2022"), ("1/2/2022", "1/31/2022")]
)
def test_a_column_that_can_be_read_in_one_way_is_not_called_ambiguous(texts: tuple[str, ...]) -> None:
    assert "fits" not in " ".join(read_column(*texts)[3])


def test_the_other_columns_of_a_file_settle_the_order() -> None:
    table = read("a,b,k\n03/04/2022,14/05/2022,1\n05/04/2022,15/05/2022,2\n")
    assert cells(table, "a") == [datetime(2022, 4, 3), datetime(2022, 4, 5)]
    assert "the day first (D/M/Y); the month first (M/D/Y) fits every date as well" in " ".join(table.warnings)
    # The other column contradicts that order, so there is nothing to send.
    assert "dates=" not in " ".join(table.warnings)


def test_the_year_is_first_where_the_dates_lie_closer_together_so() -> None:
    assert read_column("22-03-01", "22-03-15", "22-12-31")[2][1] == datetime(2022, 3, 15)
    assert read_column("01-03-22", "15-03-22", "31-12-22")[2][1] == datetime(2022, 3, 15)


def test_one_other_text_keeps_dates_as_they_are_written() -> None:
    assert read_column("2018-01", "2018-13")[0] == "category"
    assert read_column("14:35", "16:9")[0] == "category"
    assert read_column("1-Mar-22", "soon")[0] == "category"


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("44621", "44622.25"), [44621.0, 44622.25]),
        (("20220301", "20221231"), [20220301.0, 20221231.0]),
        (("202203", ""), [202203.0, None]),
    ],
)
def test_a_model_that_took_such_dates_as_numbers_still_gets_numbers(
    texts: tuple[str, ...], numbers: list[float | None]
) -> None:
    table = read("\n".join(["date,k", *(f"{text},{row}" for row, text in enumerate(texts))]))
    assert table.columns[0].type == "date"
    feature = Feature(name="date", type="number", fill=0.0)
    raw = raw_columns_of_table(packed(table), [feature])["date"].tolist()
    assert [None if value != value else value for value in raw] == numbers  # noqa: PLR0124 - NaN alone differs


@pytest.mark.parametrize(
    "texts", [("2018Q1", "2018Q4"), ("Jan-2018", "May-2018"), ("14:35", "9:05"), ("1-Mar-22", "2-Mar-22")]
)
def test_a_model_that_took_such_dates_as_texts_still_gets_its_levels(texts: tuple[str, ...]) -> None:
    table = read("\n".join(["c,k", *(f"{text},{row}" for row, text in enumerate(texts))]))
    assert table.columns[0].type != "category"
    feature = Feature(name="c", type="category", fill=texts[0], levels=list(texts))
    assert raw_columns_of_table(packed(table), [feature])["c"].tolist() == list(texts)
