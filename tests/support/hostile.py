"""Files that nobody should send, built by code, each with what must come of it: a table, or a refusal with a reason."""

import csv
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pyarrow as pa
from pyarrow import parquet

Types = dict[str, str]
Rows = list[list[Any]]
MIB = 1 << 20


@dataclass(frozen=True)
class Refused:
    """A problem document whose detail matches this pattern."""

    says: str
    status: int = 422


@dataclass(frozen=True)
class Taken:
    """A table: the type of each column by name, its first rows, and words that a warning must have."""

    types: Types
    rows: Rows
    count: int | None = None
    warned: str = ""


@dataclass(frozen=True)
class Hostile:
    """A file and what must come of it."""

    content: bytes
    outcome: Refused | Taken
    filename: str = "file.csv"
    form: dict[str, str] = field(default_factory=dict)


def xlsx() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["a", "b"])
    book.save(file)
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("data.csv", "a,b\n1,2\n")
    return file.getvalue()


def parquet_file() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": [1, 2]}), file)
    return file.getvalue()


def sqlite() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        connection = sqlite3.connect(path)
        connection.execute("create table t (a)")
        connection.close()
        return path.read_bytes()


def table(*rows: list[str]) -> bytes:
    """A CSV with every cell quoted as it must be."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().encode()


def numbers(*cells: str) -> bytes:
    """A column x of these texts beside a column y of numbers."""
    return table(["x", "y"], *([cell, str(number)] for number, cell in enumerate(cells)))


def column(kind: str, *values: Any, warned: str = "") -> Taken:
    """What must come of `numbers`."""
    return Taken({"x": kind, "y": "integer"}, [[value, number] for number, value in enumerate(values)], warned=warned)


AB = Taken({"a": "integer", "b": "integer"}, [[1, 2], [3, 4]])
NO_DELIMITER = Refused("No delimiter divides these lines")
OPEN_QUOTE = Refused("never closed")

NOT_TEXT: dict[str, Hostile] = {
    "nothing": Hostile(b"", Refused("empty")),
    "one NUL": Hostile(b"\0", Refused("NUL")),
    "only a mark": Hostile(b"\xef\xbb\xbf", Refused("empty")),
    "only newlines": Hostile(b"\n\r\n\r\n", Refused("empty")),
    "PNG": Hostile(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Refused("an image"), "photo.csv"),
    "JPEG": Hostile(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)), Refused("an image")),
    "GIF": Hostile(b"GIF89a\x01\0\x01\0", Refused("an image")),
    "PDF": Hostile(b"%PDF-1.7\n1 0 obj\n", Refused("a PDF")),
    "xlsx called csv": Hostile(xlsx(), Refused("an Excel workbook.*Save it as CSV UTF-8"), "table.csv"),
    "old xls": Hostile(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), Refused("an old Excel workbook")),
    "zip": Hostile(archive(), Refused("a zip archive.*Unpack it"), "data.zip"),
    "parquet": Hostile(parquet_file(), Refused("a Parquet file")),
    "sqlite": Hostile(sqlite(), Refused("an SQLite database")),
    "machine code": Hostile(b"\x7fELF\x02\x01\x01" + bytes(99), Refused("NUL")),
    "a NUL in the middle": Hostile(b"a,b\n1,2\n3,\x004\n", Refused("byte 10 is NUL")),
    "every byte": Hostile(bytes(range(256)) * 4, Refused("binary or damaged")),
    "every byte but NUL": Hostile(bytes(range(1, 256)) * 4, Refused("no other fits")),
    "high bytes only": Hostile(b"\xff" * 500, Refused("no other fits|No delimiter")),
    "half a UTF-16 character": Hostile(b"\xff\xfea\0,\0b", Refused("not utf-16 throughout")),
    "truncated UTF-16": Hostile("a,b\n1,2\n".encode("utf-16")[:-1], Refused("not utf-16 throughout: byte 16")),
    "lone UTF-16 surrogate": Hostile(b"\xff\xfe\x00\xd8,\0b\0\n\0", Refused("not utf-16 throughout")),
    "surrogates in UTF-8": Hostile("城市,b\n北京,1\n".encode() + b"\xed\xa0\x80,2\n", Refused("not utf-8 .*line 3")),
    "truncated UTF-8": Hostile("城市,价\n1,北京".encode()[:-1], Refused("not utf-8 throughout: byte 16")),
    "two encodings": Hostile("城,价\n北京,1\n".encode() + "上海,2\n".encode("gbk"), Refused("not utf-8 .*line 3")),
    "Thai": Hostile("จังหวัด,ราคา\nกรุงเทพ,1\n".encode("cp874"), Refused("`encoding`")),
    "truncated gzip": Hostile(gzip.compress(b"a,b\n1,2\n" * 99)[:-5], Refused("damaged or cut off")),
    "damaged gzip": Hostile(gzip.compress(b"a,b\n1,2\n" * 99)[:-6] + b"\0" * 6, Refused("damaged or cut off")),
    "gzip of gzip": Hostile(gzip.compress(gzip.compress(b"a,b\n1,2\n")), Refused("gzip inside gzip")),
    "gzip of a PNG": Hostile(gzip.compress(b"\x89PNG\r\n\x1a\n"), Refused("an image")),
}

TEXT: dict[str, Hostile] = {
    "UTF-16 without a mark": Hostile("a,b\n1,2\n3,4\n".encode("utf-16-be"), AB),
    "UTF-32": Hostile("a,b\n1,2\n3,4\n".encode("utf-32"), AB),
    "gzip": Hostile(gzip.compress(b"a,b\n1,2\n3,4\n"), AB, "file.csv.gz"),
    "EBCDIC named": Hostile("a,b\n1,2\n3,4\n".encode("cp500"), AB, form={"encoding": "cp500"}),
    "an unknown encoding named": Hostile(b"a,b\n1,2\n", Refused("no encoding 'klingon'"), form={"encoding": "klingon"}),
    "a codec that is no text": Hostile(b"a,b\n1,2\n", Refused("no encoding 'bz2'"), form={"encoding": "bz2"}),
    "an encoding that does not fit": Hostile("é,b\n".encode(), Refused("not ascii"), form={"encoding": "ascii"}),
    "Ctrl-Z at the end": Hostile(b"a,b\r\n1,2\r\n3,4\r\n\x1a", AB),
    "CR only": Hostile(b"a,b\r1,2\r3,4\r", AB),
    "mixed line ends": Hostile(b"a,b\r1,2\r\n3,4\n", AB),
    "blank lines between": Hostile(b"\na,b\n\n1,2\n\n\n3,4\n\n", AB),
    "no line end at the end": Hostile(b"a,b\n1,2\n3,4", AB),
    "line separators of Unicode": Hostile(
        "x,y\nu\u2028v,0\nu\u0085v,1\nu\u2029v,2\n".encode(), column("category", "u\u2028v", "u\u0085v", "u\u2029v")
    ),
    "form feeds and controls": Hostile(
        numbers("a\x0cb", "\x1bc", "d\x1ce", "\x08"), column("category", "a\x0cb", "\x1bc", "d\x1ce", "\x08")
    ),
    "zero-width characters in headers": Hostile(
        "\u200ba,b\u200d\n1,2\n".encode(), Taken({"\u200ba": "integer", "b\u200d": "integer"}, [[1, 2]])
    ),
    "a mark in the middle": Hostile(
        "\ufeffa,\ufeffb\n1,2\n".encode(), Taken({"a": "integer", "\ufeffb": "integer"}, [[1, 2]])
    ),
    "right-to-left": Hostile(
        "שם,مدينة\n\u202eאבג,1\nد,2\n".encode(),
        Taken({"שם": "category", "مدينة": "integer"}, [["\u202eאבג", 1], ["د", 2]]),
    ),
    "emoji": Hostile(
        "🚢,⚓\n🧑‍🚀,1\n👍🏽,2\n".encode(), Taken({"🚢": "category", "⚓": "integer"}, [["🧑‍🚀", 1], ["👍🏽", 2]])
    ),
    "emoji in GB18030": Hostile(
        "城市,价格,名称\n北京🚢,1,大厦\n上海,2,中心\n".encode("gb18030"),
        Taken(
            {"城市": "category", "价格": "integer", "名称": "category"}, [["北京🚢", 1, "大厦"], ["上海", 2, "中心"]]
        ),
    ),
    "decomposed accents": Hostile("e\u0301,é\n1,2\n".encode(), Taken({"e\u0301": "integer", "é": "integer"}, [[1, 2]])),
    "Zalgo": Hostile(
        ("a" + "\u0301" * 900 + ",b\n1,2\n").encode(),
        Taken({"a" + "\u0301" * 900: "integer", "b": "integer"}, [[1, 2]]),
    ),
}

LAYOUT: dict[str, Hostile] = {
    "only delimiters": Hostile(b",,,\n,,,\n", NO_DELIMITER),
    "only a header": Hostile(b"a,b\n", Refused("header but no rows")),
    "only a header, no line end": Hostile(b"a,b", Refused("header but no rows")),
    "one cell": Hostile(b"a", NO_DELIMITER),
    "one column": Hostile(b"a\n1\n2\n", NO_DELIMITER),
    "one row": Hostile(b"a,b\n1,2\n", Taken({"a": "integer", "b": "integer"}, [[1, 2]], 1)),
    "quotes only": Hostile(b'"""""""""""', Refused("never closed|No delimiter")),
    "an open quote at the start": Hostile(b'"a,b\n1,2\n3,4\n', OPEN_QUOTE),
    "an open quote in the header": Hostile(b'a,"b\n1,2\n3,4\n', OPEN_QUOTE),
    "an open quote in the first row": Hostile(b'a,b\n"1,2\n3,4\n', OPEN_QUOTE),
    "an open quote at the end": Hostile(b"a,b\n" + b"1,2\n" * 5000 + b'3,"4\n', OPEN_QUOTE),
    "an open quote in the middle": Hostile(b"a,b\n" + b"1,2\n" * 5000 + b'"3,4\n' + b"1,2\n" * 5000, OPEN_QUOTE),
    "a quote inside a cell": Hostile(b'x,y\n5" pipe,0\n6" pipe,1\n', column("category", '5" pipe', '6" pipe')),
    "text behind a quote": Hostile(b'x,y\n"1"x,0\n2,1\n', column("category", "1x", "2")),
    "quotes within quotes": Hostile(b'x,y\n"""""""a""",0\n"""",1\n', column("category", '"""a"', '"')),
    "line ends in quotes": Hostile(b'x,y\n"a\nb",0\n"c\r\n\r\nd",1\n', column("category", "a\nb", "c\r\n\r\nd")),
    "a header with line ends": Hostile(b'"a\nx",b\n1,2\n', Taken({"a\nx": "integer", "b": "integer"}, [[1, 2]])),
    "few ragged rows": Hostile(
        b"a,b\n" + b"1,2\n" * 50 + b"1,2,3\n5\n",
        Taken({"a": "integer", "b": "integer"}, [[1, 2]], 50, r"2 rows have .*line 52 \(3\), line 53 \(1\)"),
    ),
    "many ragged rows": Hostile(b"a,b\n1,2\n3\n4,5,6\n7,8\n", Refused("line 3 .1., line 4 .3.")),
    "delimiters behind every row": Hostile(
        b"a,b\n1,2,\n3,4,\n",
        Taken({"a": "integer", "b": "integer", "column_3": "integer"}, [[1, 2, None], [3, 4, None]], 2, "is empty"),
    ),
    "a comma behind the header": Hostile(b"a,b,\n1,2\n3,4\n", AB),
    "a title and a footer": Hostile(
        b"Report\n\na,b,c\n" + b"1,2,3\n" * 40 + b"Source: us\n",
        Taken({"a": "integer", "b": "integer", "c": "integer"}, [[1, 2, 3]], 40, "not part of the table"),
    ),
    "Excel's own line": Hostile(b"sep=;\na;b\n1;2\n3;4\n", AB),
    "semicolons and decimal commas": Hostile(
        b"x;y\n1,5;0\n-2,25;1\n1.234,5;2\n", column("number", 1.5, -2.25, 1234.5, warned="is read as")
    ),
    "Markdown": Hostile(b"| a | b |\n|---|---|\n| 1 | 2 |\n", Refused("Markdown")),
    "INI": Hostile(b"[boat]\nname=Ada\nlength=12\n", NO_DELIMITER),
    "JSON": Hostile(json.dumps([{"a": 1, "b": 2}] * 3, indent=1).encode(), Refused("JSON")),
    "JSON lines": Hostile(b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', Refused("JSON")),
    "HTML": Hostile(b"<html><body>\n<p>Not found, sorry.</p>\n</body></html>\n", Refused("HTML")),
    "XML": Hostile(b'<?xml version="1.0"?>\n<a><b/></a>\n', Refused("XML")),
    "SQL": Hostile(b"DROP TABLE boats;\nSELECT 1;\n", NO_DELIMITER),
    "prose": Hostile(b"Dear all, thank you, and bye.\nWe met.\nIt rained.\nNobody minded.\n", NO_DELIMITER),
    "a delimiter that is a word": Hostile(b"a,b\n1,2\n", Refused("cannot be a delimiter"), form={"delimiter": "dash"}),
    "a delimiter that is not there": Hostile(b"a,b\n1,2\n", Refused("divides no columns"), form={"delimiter": "|"}),
    "a delimiter beyond ASCII": Hostile("a，b\n1，2\n".encode(), Refused("one ASCII"), form={"delimiter": "，"}),
    "a control as delimiter": Hostile(b"a\x01b\n1\x012\n3\x014\n", AB, form={"delimiter": "\x01"}),
    "has_header that is no yes or no": Hostile(b"a,b\n1,2\n", Refused(".", 422), form={"has_header": "maybe"}),
    "2,001 columns": Hostile(b",".join(b"c%d" % i for i in range(2001)) + b"\n", Refused("at most 2,000", 413)),
}

HEADERS: dict[str, Hostile] = {
    name: Hostile(
        table([header, "y"], ["1", "2"], ["3", "4"]), Taken({header: "integer", "y": "integer"}, [[1, 2], [3, 4]])
    )
    for name, header in {
        "a formula": "=cmd|' /C calc'!A0",
        "a path": "../../etc/passwd",
        "HTML": "<script>alert(1)</script>",
        "an image tag": '"><img src=x onerror=alert(1)>',
        "SQL": "'; DROP TABLE boats; --",
        "a template": "{{7*7}}${7*7}#{7*7}",
        "a format": "%s%n%x",
        "a NUL word": "__proto__",
        "a dotted name": "a.b.c",
        "our own name": "column_1",
        "a megabyte": "h" * MIB,
    }.items()
} | {
    "repeated": Hostile(
        b"a,a,a\n1,2,3\n",
        Taken({"a": "integer", "a_2": "integer", "a_3": "integer"}, [[1, 2, 3]], 1, "it is called 'a_2'"),
    ),
    "empty": Hostile(
        b"a,, \n1,2,3\n",
        Taken({"a": "integer", "column_2": "integer", "column_3": "integer"}, [[1, 2, 3]], 1, "called 'column_2'"),
    ),
    "repeated like ours": Hostile(
        b"a,a_2,a\n1,2,3\n", Taken({"a": "integer", "a_2": "integer", "a_3": "integer"}, [[1, 2, 3]])
    ),
    "300 times the same": Hostile(
        b",".join([b"a"] * 300) + b"\n" + b",".join([b"1"] * 300) + b"\n",
        Taken({"a": "integer"} | {f"a_{i}": "integer" for i in range(2, 301)}, [[1] * 300]),
    ),
    "10,000 times the same": Hostile(b",".join([b"a"] * 10_000) + b"\n", Refused("10,000 columns", 413)),
    "a path as filename": Hostile(b"a,b\n1,2\n3,4\n", AB, "../../../etc/passwd"),
    "a filename of 2,000 characters": Hostile(b"a,b\n1,2\n3,4\n", AB, "f" * 2000 + ".csv"),
    "a filename with line ends": Hostile(b"a,b\n1,2\n3,4\n", AB, "a\r\nb\t城.csv"),
}

CELLS: dict[str, Hostile] = {
    "beyond float64": Hostile(numbers("1e400", "-1e400", "5"), column("number", None, None, 5.0, warned="infinite")),
    "infinities": Hostile(numbers("inf", "-Infinity", "2.5"), column("number", None, None, 2.5, warned="infinite")),
    "not a number": Hostile(numbers("nan", "NaN", "2.5"), column("number", None, None, 2.5)),
    "the edges of numbers": Hostile(
        numbers("9223372036854775807", "-9223372036854775808"), column("integer", 2**63 - 1, -(2**63))
    ),
    "denormal": Hostile(numbers("5e-324", "-0.0"), column("number", 5e-324, -0.0)),
    "hexadecimal": Hostile(numbers("0x10", "0x1F"), column("category", "0x10", "0x1F")),
    "underscores": Hostile(numbers("1_000", "2_000"), column("category", "1_000", "2_000")),
    "thousands in quotes": Hostile(
        numbers("1,000", "12,345"), column("integer", 1000, 12345, warned="is read as 1000")
    ),
    "Arabic-Indic digits": Hostile(numbers("١٢", "٣"), column("category", "١٢", "٣")),
    "full-width digits": Hostile(numbers("１２", "３"), column("integer", 12, 3, warned="is read as 12")),
    "two signs": Hostile(numbers("+-5", "--5"), column("category", "+-5", "--5")),
    "half a number": Hostile(numbers("1e", "2"), column("category", "1e", "2")),
    "a point alone": Hostile(numbers(".", "2"), column("integer", None, 2)),
    "superscripts": Hostile(numbers("10²", "5³"), column("category", "10²", "5³")),
    "codes with zeros": Hostile(numbers("00012", "00345"), column("category", "00012", "00345")),
    "ids of 18 digits": Hostile(
        numbers("123456789012345678", "876543210987654321"), column("integer", 123456789012345678, 876543210987654321)
    ),
    "ids of 25 digits": Hostile(numbers("1" * 25, "2" * 25), column("number", float("1" * 25), float("2" * 25))),
    "words for nothing": Hostile(numbers("NULL", "N/A", "None", "-", "无", "", "7"), column("integer", *[None] * 6, 7)),
    "all missing": Hostile(b"x,y\nNA,0\n?,1\n", column("integer", None, None)),
    "dates that are not": Hostile(numbers("2023-02-30", "2023-13-01"), column("category", "2023-02-30", "2023-13-01")),
    "a date that is not among others": Hostile(
        numbers("2023-02-28", "2023-02-30"), column("category", "2023-02-28", "2023-02-30")
    ),
    "days first": Hostile(
        numbers("13/02/2023", "01/02/2023"), column("date", "2023-02-13", "2023-02-01", warned="is read as")
    ),
    "months first": Hostile(
        numbers("02/13/2023", "02/01/2023"), column("date", "2023-02-13", "2023-02-01", warned="is read as")
    ),
    "days and months mixed": Hostile(
        numbers("13/02/2023", "02/13/2023"), column("category", "13/02/2023", "02/13/2023", warned="look like")
    ),
    "the edges of dates": Hostile(numbers("0001-01-01", "9999-12-31"), column("date", "0001-01-01", "9999-12-31")),
    "yes, no and 5": Hostile(numbers("true", "false", "5"), column("category", "true", "false", "5")),
    "booleans of two kinds": Hostile(numbers("yes", "false"), column("category", "yes", "false")),
    "booleans": Hostile(numbers("TRUE", "False"), column("boolean", True, False)),
    "formulas": Hostile(
        numbers("=1+1", "@x", "+cmd|' /C calc'!A0"), column("category", "=1+1", "@x", "+cmd|' /C calc'!A0")
    ),
    "SQL": Hostile(numbers("'; DROP TABLE x;--", "1=1"), column("category", "'; DROP TABLE x;--", "1=1")),
    "blanks around": Hostile(numbers("  5", "6\t"), column("integer", 5, 6)),
    "no-break blanks": Hostile(numbers("\u00a05", "1\u00a0000"), column("integer", 5, 1000)),
    "a cell of 3 MiB": Hostile(numbers("x" * 3 * MIB, "b"), column("category", "x" * 3 * MIB, "b")),
    "a row of 5 MB": Hostile(numbers("a", "b" * 5_000_000, "c"), column("category", "a", "b" * 5_000_000, "c")),
    "a row of 20 MB": Hostile(numbers("a", "b" * 20_000_000), Refused("longer than 4 MiB")),
}

SMALL = {
    f"{group}: {name}": case
    for group, cases in {
        "not text": NOT_TEXT,
        "text": TEXT,
        "layout": LAYOUT,
        "header": HEADERS,
        "cells": CELLS,
    }.items()
    for name, case in cases.items()
}

# Name: how to make it, and the refusal (None where it must be taken). They are looked at in a process of their own.
LARGE: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "50 MB in one line": (lambda: b"x" * 50_000_000, "does not end within 4 MiB"),
    "50 MB of cells in one line": (lambda: b"1," * 25_000_000, "does not end within 4 MiB"),
    "50 MB in one line below a header": (lambda: b"a,b\n" + b"x" * 50_000_000, "longer than 4 MiB|no rows"),
    "50 MB behind an open quote": (lambda: b'a,b\n1,2\n"' + b"3,4\n" * 12_500_000, "never closed"),
    "50 MB behind a late open quote": (
        lambda: b"a,b\n" + b"1,2\n" * 100_000 + b'"' + b"3,4\n" * 12_500_000,
        "never closed|longer than 4 MiB",
    ),
    "100,000 columns": (
        lambda: b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b"1," * 99_999 + b"1\n",
        "2,000",
    ),
    # A gzip may consist of several.
    "a bomb of 1 GB": (lambda: gzip.compress(b"1,2\n" * 2_500_000) * 100, "holds more than 100,000,000 bytes"),
    "50 MB of blank lines": (lambda: b"\n" * 50_000_000, "empty"),
    "50 MB of delimiters": (lambda: b",,,,\n" * 10_000_000, "No delimiter"),
    "50 MB of quotes": (lambda: b'"' * 50_000_000, "does not end|never closed"),
    "50 MB of NULs": (lambda: bytes(50_000_000), "NUL"),
    "30 MB of different texts": (
        lambda: b"x,y\n" + b"".join(b"%x%08x,%d\n" % (i * 7919, i, i % 97) for i in range(1_500_000)),
        None,
    ),
    "30 MB of different texts in two columns": (
        lambda: b"x,y\n" + b"".join(b"a%d,b%d\n" % (i * 7919 % 1_000_003, i * 31 % 999_983) for i in range(2_000_000)),
        None,
    ),
    "30 MB of two digits": (
        lambda: b"x,y\n" + b"".join(b"%d,%d\n" % (10 + i % 89, 10 + i * i % 83) for i in range(100_000)) * 50,
        None,
    ),
    "30 MB of one digit": (lambda: b"x,y\n" + b"1,2\n3,4\n" * 3_750_000, None),
    "30 MB of different numbers": (
        lambda: b"x,y\n" + b"".join(b"%d,%d\n" % (i * 7919 % 9_999_991, i % 7) for i in range(3_000_000)),
        None,
    ),
    "30 MB of different fractions": (
        lambda: b"x,y\n" + b"".join(b"%.7f,\n" % (i * 7919 % 9_999_991 / 1e7) for i in range(2_700_000)),
        None,
    ),
    "30 MB of dates": (
        lambda: (
            b"x,y\n"
            + b"".join(b"%d-%02d-%02d,\n" % (1000 + i % 8999, i % 12 + 1, i % 28 + 1) for i in range(2_500_000))
        ),
        None,
    ),
    "30 MB of gaps": (lambda: b"x,y\n" + b",1\n,\n" * 6_000_000, None),
    "30 MB in 100 columns": (
        lambda: (
            b",".join(b"c%d" % i for i in range(100))
            + b"\n"
            + b"".join(b",".join(b"%d" % (i * j % 10) for j in range(100)) + b"\n" for i in range(1500)) * 100
        ),
        None,
    ),
    "30 MB in 2,000 columns": (
        lambda: (
            b",".join(b"c%d" % i for i in range(2000))
            + b"\n"
            + b"".join(b",".join(b"%d" % (i * j % 10) for j in range(2000)) + b"\n" for i in range(75)) * 100
        ),
        None,
    ),
    "30 MB of one short text": (lambda: b"x,y\n" + b"abc,1\n" * 5_000_000, None),
    "30 MB of GBK": (lambda: "城市,价格\n".encode("gbk") + "北京市朝阳区,1\n".encode("gbk") * 2_000_000, None),
    "30 MB divided by blanks": (lambda: b"a  b   c\n" + b"1.5  2   xyz\n" * 2_300_000, None),
}
