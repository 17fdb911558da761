"""From bytes to text: encodings and delimiters."""

import pytest

from core.errors import NotACsvError
from core.tables.text import SAMPLE_CHARACTERS, read_text

CHINESE = "城市,面积,房价\n北京,89.5,650\n上海,120,980\n深圳,75,720\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("gbk", "gbk"),
        ("gb18030", "gbk"),
    ],
)
def test_chinese_text_survives_its_encoding(encoding: str, shown: str) -> None:
    text = CHINESE
    if encoding in ("utf-16-le", "utf-16-be"):  # these codecs write no byte order mark of their own
        text = "\ufeff" + text
    found = read_text(text.encode(encoding))
    assert (found.content, found.encoding, found.delimiter) == (CHINESE, shown, ",")


def test_a_character_that_only_gb18030_has_survives() -> None:
    text = "姓名,分数\n㐀㐁,5\n王,6\n"
    assert read_text(text.encode("gb18030")).content == text


def test_western_text_that_is_no_gbk_is_windows_1252() -> None:
    text = "café;prix\nThé;1,5 €\nBlé;2 €\n"
    found = read_text(text.encode("cp1252"))
    assert (found.content, found.encoding, found.delimiter) == (text, "cp1252", ";")


def test_plain_ascii_counts_as_utf_8() -> None:
    assert read_text(b"a,b\n1,2\n").encoding == "utf-8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(delimiter: str) -> None:
    lines = [["size", "price"], ["1.5", "2"], ["3", "4"]]
    assert read_text("\n".join(map(delimiter.join, lines)).encode()).delimiter == delimiter


def test_decimal_commas_do_not_pass_for_the_delimiter() -> None:
    assert read_text(b"a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n").delimiter == ";"


def test_commas_inside_quotes_do_not_pass_for_the_delimiter() -> None:
    assert read_text(b'"last, first, title"|age\n"Li, Wei, Dr"|40\n"Wu, Min, Ms"|30\n').delimiter == "|"


def test_a_row_cut_by_the_end_of_the_sample_does_not_count() -> None:
    wide = ";".join(["1"] * 4) + "\n"
    body = "a;b;c;d\n" + wide * (SAMPLE_CHARACTERS // len(wide) + 10)
    assert read_text(body.encode()).delimiter == ";"


def test_blank_lines_before_the_header_are_skipped() -> None:
    assert read_text(b"\n\r\n\na,b\n1,2\n").content == "a,b\n1,2\n"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "empty"),
        (b" \r\n\t \n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"PK\x03\x04\x14\0\0\0\x08\0xl/styles.xml", "binary"),
        (b"a,b\n\x81\x20,\x81\x20\n", "not text"),
        ("a,b\n1,2\n".encode("utf-16") + b"\n", "starts like utf-16"),
        (b"\xef\xbb\xbfa,b\n\xff,2\n", "starts like utf-8-sig"),
        (b"price\n1\n2\n3\n", "at least one more"),
        (b"Once upon a time there was a ship.\nIt sailed.\nAnd sank.\n", "No delimiter"),
    ],
)
def test_what_is_no_csv_is_refused_with_the_reason(source: bytes, says: str) -> None:
    with pytest.raises(NotACsvError, match=says):
        read_text(source)


def test_prose_with_a_comma_here_and_there_is_no_csv() -> None:
    prose = b"Dear all, thank you, and goodbye.\nWe met in spring.\nIt rained.\nNobody minded.\nThe end.\n"
    with pytest.raises(NotACsvError, match="No delimiter"):
        read_text(prose)
