"""Dates and times of day: the same text is the same moment in a column, by Arrow, and alone, by Python."""

import random
import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from core.cell_values import parse_clock, parse_date, read_date
from core.date_formats import CLOCK, PATTERNS, PLAIN
from core.tables.date_parsing import parse_clocks, parse_dates

CLOCKS = [
    *("", " %H:%M", "T%H:%M:%S", " %H:%M:%S.123", " %H:%M:%S,123456", " %I:%M %p", " %I:%M\u202f%p", ", %I:%M:%S p.m."),
    *(" %H:%M:%S UTC", "T%H:%M:%SZ", " %H:%M:%S+00", " %H:%M:%S.000001+02", "T%H:%M-0530", " %H:%M:%S GMT+2"),
    *(" %H:%M:%S +01:00", " %H:%M:%S GMT+0100 (CET)", " %H:%M EST", "T%H:%M:%S+01:00[Europe/Paris]"),
    *(
        " 上午 %I:%M:%S",
        " 下午 %I:%M",
        " 下午%I时%M分%S秒",
        " %H时%M分",
        " %H時%M分%S秒",
        " %H时",
        " %H点",
        " 午後%I:%M",
    ),
]
DAYS = {
    "Y-M-D": ("%Y-%m-%d", "%Y/%-m/%-d", "%Y.%m.%d", "%Y. %-m. %-d.", "%Y-%m-%d (月)", "%Y/%m/%d 星期四"),
    "Y年M月D日": ("%Y年%m月%d日", "%Y年%-m月%-d号", "%Y年%-m月%-d日 星期三"),
    "M/D/Y": ("%m/%d/%Y", "%-m-%-d-%Y"),
    "D/M/Y": ("%d/%m/%Y", "%-d-%-m-%Y"),
    "D.M.Y": ("%d.%m.%Y", "%-d. %-m. %Y"),
    "D Mon Y": ("%d %b %Y", "%a, %d %b %Y", "%A, %-d %B %Y", "%d-%b-%Y", "%d%b%Y", "%d/%b/%Y", "%-dth %B, %Y"),
    "Mon D Y": ("%B %d, %Y", "%a %b %d %Y", "%A, %B %-d, %Y", "%b-%d-%Y", "%b. %-dst, %Y"),
    "Y Mon D": ("%Y-%b-%d", "%Y %B %-d"),
    "M/D/y": ("%m/%d/%y", "%-m-%-d-%y"),
    "D/M/y": ("%d/%m/%y", "%-d-%-m-%y"),
    "D.M.y": ("%d.%m.%y", "%-d.%-m.%y"),
    "y/M/D": ("%y/%m/%d", "%y-%m-%d", "%y.%m.%d"),
    "D Mon y": ("%-d-%b-%y", "%d %B %y", "%d%b%y", "%a, %-d %b '%y"),
    "Mon D y": ("%b %-d, %y", "%B-%d-%y", "%b %d, '%y"),
}
# Formats with a time in them, or without one.
WHOLE = {
    "Mon D h:m Y": ("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S +0000 %Y", "%b  %-d %H:%M:%S EST %Y"),
    "YMDThms": ("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ", "%Y%m%d %H:%M:%S.5", "%Y%m%dT%H%M+0100"),
    "Y-M": ("%Y-%m", "%Y/%-m", "%YM%m"),
    "M/Y": ("%m/%Y", "%-m-%Y"),
    "Y年M月": ("%Y年%-m月", "%Y年%m月份"),
    "Mon Y": ("%b-%Y", "%B %Y", "%b. %Y", "%b%Y"),
    "Y Mon": ("%Y-%b", "%Y %B"),
    "Mon y": ("%b-%y", "%b '%y", "%B %y"),
    "Y Q": ("%YQ{q}", "%Y-q{q}", "%Y年第{q}季度", "%Y年{c}季度", "%Y {q}Q"),
    "Q Y": ("Q{q} %Y", "{q}Q%Y", "Q{q}/%Y"),
    "Q y": ("Q{q} '%y", "{q}Q%y", "q{q}-%y"),
    "Y W": ("%G-W%V", "%GW%V"),
    "Y H": ("%YH{s}", "%Y-H{s}", "%Y {s}H", "%YS{s}", "%Y年{up}半年"),
    "H Y": ("H{s} %Y", "{s}H%Y", "S{s}/%Y"),
    "YYYYMMDD": ("%Y%m%d",),
    "YYYYMM": ("%Y%m",),
    "Excel": ("{serial}",),
    "Y.M": ("%Y.%-m", "%Y.%m"),
    "M.Y": ("%m.%Y",),
}


def texts_of(name: str, rng: random.Random) -> list[str]:
    """Return 400 random texts in the format."""
    texts = []
    for _ in range(400):
        old, years = (datetime(1600, 1, 1), 900) if name in DAYS else (datetime(1800, 1, 1), 399)
        if "y" in name:
            old, years = datetime(1969, 1, 1), 99
        if name == "Excel":
            old, years = datetime(1930, 1, 1), 160
        moment = old + timedelta(seconds=rng.randrange(years * 365 * 86400))
        pattern = rng.choice(DAYS[name]) + rng.choice(CLOCKS) if name in DAYS else rng.choice(WHOLE[name])
        quarter = (moment.month + 2) // 3
        serial = (moment - datetime(1899, 12, 30)).total_seconds() / 86400
        semester = (moment.month + 5) // 6
        pattern = pattern.replace("{s}", str(semester)).replace("{up}", "上下"[semester - 1])
        pattern = pattern.replace("{q}", str(quarter)).replace("{c}", "一二三四"[quarter - 1])
        texts.append(moment.strftime(pattern.replace("{serial}", rng.choice([str(int(serial)), repr(serial)]))))
    return texts


@pytest.mark.parametrize("name", PATTERNS)
def test_a_column_and_a_single_text_are_read_alike(name: str) -> None:
    rng = random.Random(name)
    texts = texts_of(name, rng)
    column = parse_dates(pa.array(texts), name)
    moments = [read_date(text, name) for text in texts]
    assert None not in moments, texts[moments.index(None)]
    assert column is not None
    assert [round(1000 * (moment or 0)) for moment in moments] == column.cast(pa.int64()).to_pylist()


@pytest.mark.parametrize("name", PATTERNS)
def test_a_damaged_text_is_a_date_for_both_readers_or_for_none(name: str) -> None:
    rng = random.Random(name)
    for text in texts_of(name, rng)[:200]:
        at = rng.randrange(len(text))
        damaged = (
            text[:at] + rng.choice(["", "9", "0", ":", "-", " ", "x", "年", "²", "٣", text[at] * 2]) + text[at + 1 :]
        )
        column = parse_dates(pa.array([damaged]), name)
        alone = read_date(damaged, name)
        assert (alone is None) == (column is None), damaged
        if column is not None:
            assert column.cast(pa.int64()).to_pylist() == [round(1000 * (alone or 0))], damaged


@pytest.mark.parametrize("name", PLAIN)
def test_the_usual_texts_of_a_format_are_read_as_all_others_are(name: str) -> None:
    texts = [text for text in texts_of(name, random.Random(name)) if re.fullmatch(PLAIN[name], text, re.ASCII)]
    column = parse_dates(pa.array(texts), name)
    assert len(texts) > 10
    assert column is not None
    assert column.cast(pa.int64()).to_pylist() == [round(1000 * (read_date(text, name) or 0)) for text in texts]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue, 01 Mar 2022 10:00:00 +0100", datetime(2022, 3, 1, 9)),
        ("Tue Mar 01 2022 10:00:00 GMT+0100 (CET)", datetime(2022, 3, 1, 9)),
        ("Tue Mar 01 2022 10:00:00 GMT+0100 (Central European Standard Time)", datetime(2022, 3, 1, 9)),
        ("Tue, 01 Mar 2022 09:00:00 GMT", datetime(2022, 3, 1, 9)),
        ("Wed Aug 27 13:08:45 +0000 2008", datetime(2008, 8, 27, 13, 8, 45)),
        ("3/14/2022, 10:00:00\u202fPM", datetime(2022, 3, 14, 22)),
        ("2023-01-05 06:00:00 UTC", datetime(2023, 1, 5, 6)),
        ("2023-01-05 06:00:00.123456+02", datetime(2023, 1, 5, 4, 0, 0, 123000)),
        ("2023/1/5 上午 12:05:00", datetime(2023, 1, 5, 0, 5)),
        ("2023/1/5 下午 12:05:00", datetime(2023, 1, 5, 12, 5)),
        ("2023年1月5日14时35分20秒", datetime(2023, 1, 5, 14, 35, 20)),
        ("2023年1月5日 星期四 下午2:35", datetime(2023, 1, 5, 14, 35)),
        ("01MAR2022:10:00:00", datetime(2022, 3, 1, 10)),
        ("20141013T000000", datetime(2014, 10, 13)),
        ("1-Mar-22", datetime(2022, 3, 1)),
        ("1-Mar-68", datetime(2068, 3, 1)),
        ("1-Mar-69", datetime(1969, 3, 1)),
        ("14.03.22", datetime(2022, 3, 14)),
        ("2018Q4", datetime(2018, 10, 1)),
        ("2018年第三季度", datetime(2018, 7, 1)),
        ("Sept 2018", datetime(2018, 9, 1)),
        ("2020-W53", datetime(2020, 12, 28)),
        ("2018H2", datetime(2018, 7, 1)),
        ("2018年上半年", datetime(2018, 1, 1)),
        ("2022-03-01 24:00", datetime(2022, 3, 2)),
        ("1. März 2022", datetime(2022, 3, 1)),
        ("Dienstag, 1. März 2022", datetime(2022, 3, 1)),
        ("15 janv. 2021", datetime(2021, 1, 15)),
        ("1er août 2021", datetime(2021, 8, 1)),
        ("lundi 15 FÉVRIER 2021", datetime(2021, 2, 15)),
        ("5 de septiembre de 2021", datetime(2021, 9, 5)),
        ("5 de março de 2021", datetime(2021, 3, 5)),
        ("mié, 5 mayo 2021", datetime(2021, 5, 5)),
        ("5 mag 2021", datetime(2021, 5, 5)),
        ("5 mrt. 2021", datetime(2021, 3, 5)),
        ("Mai 2021", datetime(2021, 5, 1)),
        ("5 мая 2021", datetime(2021, 5, 5)),
        ("5 мая 2021 г.", datetime(2021, 5, 5)),
        ("2021년 5월 5일", datetime(2021, 5, 5)),
        ("Okt-21", datetime(2021, 10, 1)),
    ],
)
def test_dates_of_other_programs(text: str, moment: datetime) -> None:
    assert parse_date(text) == moment.replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2018",
            "201801",
            "20180131",
            "2018.1",
            "44621",
            "14:35",
            "4711-12",
            "2018-13",
            "13/2018",
            "2018Q5",
            "Foo-2018",
        ),
        *("2021-W53", "2022-03-01 下午 13:00", "2022-03-01 上午 1:00 PM", "2022-03-01 10:00 CST", "Q101", "Mar12"),
        *("Fri, 32 Mar 2022", "2022-03-01 25时", "29-Feb-23", "1-Mar-222", "18.12.2"),
    ],
)
def test_a_number_a_code_and_an_impossible_date_are_no_dates(text: str) -> None:
    assert parse_date(text) is None


def test_a_text_that_contradicts_the_format_of_the_file_is_no_date() -> None:
    second = datetime(2022, 3, 2, tzinfo=UTC).timestamp()
    assert parse_date("02/03/2022", "D/M/Y") == parse_date("02/03/22", "D/M/Y") == second
    assert parse_date("03/02/2022", "M/D/Y") == second
    assert parse_date("03/13/2022", "D/M/Y") is None
    assert parse_date("13/03/2022", "M/D/Y") is None


def test_a_text_in_another_format_counts_where_it_can_only_be_one_date() -> None:
    fourteenth = datetime(2022, 3, 14, tzinfo=UTC).timestamp()
    for text in ("2022-03-14", "14/03/2022", "3/14/2022", "14 March 2022", "14.3.2022"):
        assert parse_date(text, "Y-M-D") == fourteenth
    assert parse_date("02/03/2022", "Y-M-D") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("14:35", 52500),
        ("0:00", 0),
        ("14:35:20", 52520),
        ("14:35:20.5", 52520.5),
        ("2:35 PM", 52500),
        ("12:05 am", 300),
        ("下午2:35", 52500),
        ("14时35分20秒", 52520),
        ("14点", 50400),
        ("14h35", 52500),
        ("9am", None),
        ("9", None),
        ("14 PM", None),
        ("24:00", 86400),
        ("24:00:00", 86400),
        ("24:01", None),
        ("14:60", None),
        ("16:9", None),
        ("13:00 PM", None),
        ("36:15:00", None),
        ("1435", None),
    ],
)
def test_times_of_day(text: str, seconds: float | None) -> None:
    assert parse_clock(text) == seconds
    column = parse_clocks(pa.array([text]))
    assert (column.to_pylist() if column is not None else [None]) == [seconds]


def test_no_pattern_needs_more_than_both_languages_have() -> None:
    for pattern in (*PATTERNS.values(), *PLAIN.values(), CLOCK):
        assert not re.search(r"\\[uxbB]|\(\?[=!<](?!\w)", pattern)
        assert "(?P=" not in pattern


def test_days_beside_months_are_no_years() -> None:
    days = [f"{month} {day:02d}" for month, day in [("Mar", 13), ("Apr", 2), ("May", 28), ("Jun", 31)]]
    assert parse_dates(pa.array(days), "Mon y") is None
    for years in (["Mar 13", "Apr 22"], ["Jan-98", "Feb-28", "Mar-02"], ["Oct-18", "Nov-30"]):
        assert parse_dates(pa.array(years), "Mon y") is not None


def test_two_years_are_no_months() -> None:
    assert parse_dates(pa.array(["2009-10", "2010-11", "2011-12"]), "Y-M") is None
    assert parse_dates(pa.array(["2009-10", "2009-11", "2009-12"]), "Y-M") is not None
    assert parse_dates(pa.array(["2009-10", "2009-10"]), "Y-M") is not None
