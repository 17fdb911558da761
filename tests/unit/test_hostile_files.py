"""Bytes that nobody should send: each is either a table or refused as no CSV, never another exception."""

import json

import pytest

from core.errors import NotACsvError
from core.tables.columns import pack, unpack
from core.tables.profile import profile
from core.tables.reading import Table
from tests.unit.tables import read

HOSTILE = {
    "nothing": b"",
    "one NUL": b"\0",
    "byte order mark alone": b"\xef\xbb\xbf",
    "UTF-16 mark alone": b"\xff\xfe",
    "half a UTF-16 character": b"\xff\xfea\0,\0b",
    "lone UTF-16 surrogate": b"\xff\xfe\x00\xd8,\0b\0\n\0",
    "UTF-32": "a,b\n1,2\n".encode("utf-32"),
    "NUL behind a mark": b"\xef\xbb\xbfa,b\n1,2\0\n",
    "every byte": bytes(range(256)),
    "high bytes": b"\xff" * 500,
    "delimiters only": b",,,,\n,,,,\n,,,,\n",
    "quotes only": b'"""""""""""',
    "unclosed quote in the header": b'"a,b\n1,2\n3,4\n',
    "unclosed quote in a later header": b'a,"b\n1,2\n3,4\n',
    "unclosed quote in the first row": b'a,b\n"1,2\n3,4\n',
    "unclosed quote over much data": b'a,b\n"1,2\n' + b"3,4\n" * 50_000,
    "header of one huge quoted cell": b'"' + b"x" * 200_000 + b'",b\n1,2\n',
    "text behind a closing quote": b'a,b\n"1"x,2\n3,4\n',
    "quote in the middle": b'a,b\n1"2,3\n4,5\n',
    "mixed line ends": b"a,b\r1,2\n3,4\r\n5,6\n\r7,8",
    "blank lines between": b"a,b\n\n\n1,2\n\n3,4\n\n",
    "old end-of-file mark": b"a,b\n1,2\n\x1a",
    "line separators of Unicode": "a,b\n1,x\u2028y\n2,\u0085\n".encode(),
    "form feeds": b"a,b\n1,\x0c\n2,\x1c\n",
    "right-to-left marks": "\u202ea,b\n1,2\n".encode(),
    "emoji headers": "🚢,⚓\n1,2\n".encode(),
    "a thousand columns": b",".join(b"c%d" % i for i in range(1000)) + b"\n" + b",".join([b"1"] * 1000) + b"\n",
    "the same header everywhere": b",".join([b"a"] * 200) + b"\n" + b",".join([b"1"] * 200) + b"\n",
    "all missing": b"a,b\nNA,?\n-,\n",
    "JSON": b'[{"a": 1, "b": 2}, {"a": 3, "b": 4}]',
    "HTML": b"<html><body>\n<p>Not found, sorry.</p>\n</body></html>\n",
    "formulas": b"a,b\n=1+1,@x\n+cmd|' /C calc'!A0,-2\n",
    "numbers at the edge": b"a,b\n1e150,-1e150\n5e-324,9223372036854775807\n-0,-9223372036854775808\n",
    "almost numbers": b"a,b\n1.2.3,1e\n--1,0x\n1 000,e5\n",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_it_is_a_whole_table_or_refused_as_no_csv(source: bytes) -> None:
    try:
        table = read(source)
    except NotACsvError as error:
        assert error.detail.endswith(".")
        return
    assert isinstance(table, Table)
    assert table.data.num_rows > 0
    assert len(set(table.data.column_names)) == len(table.columns) == table.data.num_columns
    json.dumps(profile(table), allow_nan=False).encode()
    assert unpack(pack(table.packed())).rows == table.data.num_rows


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name.startswith("unclosed")] + ["HTML", "every byte", "high bytes"]
)
def test_these_are_refused(name: str) -> None:
    with pytest.raises(NotACsvError):
        read(HOSTILE[name])


@pytest.mark.parametrize("name", ["emoji headers", "a thousand columns", "the same header everywhere", "formulas"])
def test_these_are_odd_but_fine(name: str) -> None:
    assert read(HOSTILE[name]).data.num_rows >= 1
