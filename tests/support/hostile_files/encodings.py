"""Files that are no text, are damaged, or are in an unusual encoding."""

import gzip
import io
import sqlite3
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pyarrow as pa
from pyarrow import parquet

from tests.support.hostile_files.cases import ACCEPTED_AB, Accepted, HostileFile, Refused, accepted_column, csv_of_cells


def excel_workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    book.active.append([3, 4])
    book.save(file)
    return file.getvalue()


def zip_archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("data.csv", "a,b\n1,2\n3,4\n")
    return file.getvalue()


def parquet_file() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": [1, 3], "b": [2, 4]}), file)
    return file.getvalue()


def sqlite_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        connection = sqlite3.connect(path)
        connection.execute("create table t (a)")
        connection.close()
        return path.read_bytes()


NOT_TEXT: dict[str, HostileFile] = {
    "nothing": HostileFile(b"", Refused("empty")),
    "one NUL": HostileFile(b"\0", Refused("NUL")),
    "only a mark": HostileFile(b"\xef\xbb\xbf", Refused("empty")),
    "only newlines": HostileFile(b"\n\r\n\r\n", Refused("empty")),
    "PNG": HostileFile(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Refused("an image"), "photo.csv"),
    "JPEG": HostileFile(b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(256)), Refused("an image")),
    "GIF": HostileFile(b"GIF89a\x01\0\x01\0", Refused("an image")),
    "PDF": HostileFile(b"%PDF-1.7\n1 0 obj\n", Refused("a PDF")),
    "xlsx called csv": HostileFile(excel_workbook(), ACCEPTED_AB, "table.csv"),
    "old xls": HostileFile(
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504),
        Refused("no workbook.*Save it as"),
    ),
    "zip": HostileFile(zip_archive(), ACCEPTED_AB, "data.zip"),
    "parquet": HostileFile(parquet_file(), ACCEPTED_AB),
    "sqlite": HostileFile(sqlite_database(), Refused("an SQLite database")),
    "machine code": HostileFile(b"\x7fELF\x02\x01\x01" + bytes(99), Refused("NUL")),
    "a NUL in the middle": HostileFile(b"a,b\n1,2\n3,\x004\n", Refused("byte 10 is NUL")),
    "every byte": HostileFile(bytes(range(256)) * 4, Refused("binary or damaged")),
    "every byte but NUL": HostileFile(bytes(range(1, 256)) * 4, Refused("no other fits")),
    "high bytes only": HostileFile(b"\xff" * 500, Refused("no other fits|No delimiter")),
    "half a UTF-16 character": HostileFile(b"\xff\xfea\0,\0b", Refused("not utf-16 throughout")),
    "truncated UTF-16": HostileFile("a,b\n1,2\n".encode("utf-16")[:-1], Refused("not utf-16 throughout: byte 16")),
    "lone UTF-16 surrogate": HostileFile(b"\xff\xfe\x00\xd8,\0b\0\n\0", Refused("not utf-16 throughout")),
    "surrogates in UTF-8": HostileFile(
        "城市,b\n北京,1\n".encode() + b"\xed\xa0\x80,2\n", Refused("not utf-8 .*line 3")
    ),
    "truncated UTF-8": HostileFile("城市,价\n1,北京".encode()[:-1], Refused("not utf-8 throughout: byte 16")),
    "two encodings": HostileFile("城,价\n北京,1\n".encode() + "上海,2\n".encode("gbk"), Refused("not utf-8 .*line 3")),
    "Thai": HostileFile("จังหวัด,ราคา\nกรุงเทพ,1\n".encode("cp874"), Refused("`encoding`")),
    "truncated gzip": HostileFile(gzip.compress(b"a,b\n1,2\n" * 99)[:-5], Refused("damaged or cut off")),
    "damaged gzip": HostileFile(gzip.compress(b"a,b\n1,2\n" * 99)[:-6] + b"\0" * 6, Refused("damaged or cut off")),
    "gzip of gzip": HostileFile(gzip.compress(gzip.compress(b"a,b\n1,2\n")), Refused("gzip inside gzip")),
    "gzip of a PNG": HostileFile(gzip.compress(b"\x89PNG\r\n\x1a\n"), Refused("an image")),
}

TEXT: dict[str, HostileFile] = {
    "UTF-16 without a mark": HostileFile("a,b\n1,2\n3,4\n".encode("utf-16-be"), ACCEPTED_AB),
    "UTF-32": HostileFile("a,b\n1,2\n3,4\n".encode("utf-32"), ACCEPTED_AB),
    "gzip": HostileFile(gzip.compress(b"a,b\n1,2\n3,4\n"), ACCEPTED_AB, "file.csv.gz"),
    "EBCDIC named": HostileFile("a,b\n1,2\n3,4\n".encode("cp500"), ACCEPTED_AB, form={"encoding": "cp500"}),
    "an unknown encoding named": HostileFile(
        b"a,b\n1,2\n", Refused("no encoding 'klingon'"), form={"encoding": "klingon"}
    ),
    "a codec that is no text": HostileFile(b"a,b\n1,2\n", Refused("no encoding 'bz2'"), form={"encoding": "bz2"}),
    "an encoding that does not fit": HostileFile("é,b\n".encode(), Refused("not ascii"), form={"encoding": "ascii"}),
    "Ctrl-Z at the end": HostileFile(b"a,b\r\n1,2\r\n3,4\r\n\x1a", ACCEPTED_AB),
    "CR only": HostileFile(b"a,b\r1,2\r3,4\r", ACCEPTED_AB),
    "mixed line ends": HostileFile(b"a,b\r1,2\r\n3,4\n", ACCEPTED_AB),
    "blank lines between": HostileFile(b"\na,b\n\n1,2\n\n\n3,4\n\n", ACCEPTED_AB),
    "no line end at the end": HostileFile(b"a,b\n1,2\n3,4", ACCEPTED_AB),
    "line separators of Unicode": HostileFile(
        "x,y\nu\u2028v,0\nu\u0085v,1\nu\u2029v,2\n".encode(),
        accepted_column("category", "u\u2028v", "u\u0085v", "u\u2029v"),
    ),
    "form feeds and controls": HostileFile(
        csv_of_cells("a\x0cb", "\x1bc", "d\x1ce", "\x08"),
        accepted_column("category", "a\x0cb", "\x1bc", "d\x1ce", "\x08"),
    ),
    "zero-width characters in headers": HostileFile(
        "\u200ba,b\u200d\n1,2\n".encode(), Accepted({"\u200ba": "integer", "b\u200d": "integer"}, [[1, 2]])
    ),
    "a mark in the middle": HostileFile(
        "\ufeffa,\ufeffb\n1,2\n".encode(), Accepted({"a": "integer", "\ufeffb": "integer"}, [[1, 2]])
    ),
    "right-to-left": HostileFile(
        "שם,مدينة\n\u202eאבג,1\nد,2\n".encode(),
        Accepted({"שם": "category", "مدينة": "integer"}, [["\u202eאבג", 1], ["د", 2]]),
    ),
    "emoji": HostileFile(
        "🚢,⚓\n🧑‍🚀,1\n👍🏽,2\n".encode(), Accepted({"🚢": "category", "⚓": "integer"}, [["🧑‍🚀", 1], ["👍🏽", 2]])
    ),
    "emoji in GB18030": HostileFile(
        "城市,价格,名称\n北京🚢,1,大厦\n上海,2,中心\n".encode("gb18030"),
        Accepted(
            {"城市": "category", "价格": "integer", "名称": "category"}, [["北京🚢", 1, "大厦"], ["上海", 2, "中心"]]
        ),
    ),
    "decomposed accents": HostileFile(
        "e\u0301,é\n1,2\n".encode(), Accepted({"e\u0301": "integer", "é": "integer"}, [[1, 2]])
    ),
    "Zalgo": HostileFile(
        ("a" + "\u0301" * 900 + ",b\n1,2\n").encode(),
        Accepted({"a" + "\u0301" * 900: "integer", "b": "integer"}, [[1, 2]]),
    ),
}
