"""From the bytes of a file to UTF-8 on disk: encodings, gzip, and what is no text at all."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from core.delimited.decoding import DISPLAY_NAMES, DecodedText, read_text
from core.delimited.encodings import SCORERS
from core.errors import InvalidInputError, NotACsvError, TooLargeError
from tests.properties.styles import WORDS

LIMIT = 10_000_000
LANGUAGES = {
    "simplified Chinese": ("城市,面积,房价", "北京", "朝阳区精装修", ("gb18030", "gbk", "utf-8", "utf-16", "utf-32")),
    "traditional Chinese": ("縣市,面積,房價", "臺北市", "信義區電梯大廈", ("big5", "cp950", "utf-8", "utf-16")),
    "Japanese": ("都市,面積,価格", "東京", "マンションあり", ("cp932", "shift_jis", "euc_jp", "utf-8", "utf-16")),
    "Korean": ("도시,면적,가격", "서울", "아파트 있음", ("euc_kr", "cp949", "utf-8", "utf-16")),
    "German": ("Straße,Größe,Preis in €", "München", "für Schüler", ("cp1252", "utf-8", "utf-16")),
    "French": ("Année,Région,Prix à l’unité", "Besançon", "très élevé", ("cp1252", "utf-8")),
    "Spanish": ("Año,Población,Precio", "Málaga", "sí, señor", ("cp1252", "utf-8")),
    "Portuguese": ("Preço,Área,Município", "São Paulo", "não", ("cp1252", "utf-8")),
    "Russian": ("Город,Площадь,Цена", "Москва", "хорошо", ("cp1251", "utf-8")),
}
SHOWN = {"gb18030": "gbk", "cp950": "big5", "cp932": "shift_jis", "cp949": "euc_kr"}


def texts() -> dict[str, tuple[str, str]]:
    """Short tables in every language and encoding (text and encoding): in the header, in cells, and long ones."""
    made = {}
    for language, (header, city, note, encodings) in LANGUAGES.items():
        rows = "".join(f'{i},{city},"{note}"\n' for i in range(20_000))
        for encoding in encodings:
            made[f"{language} header in {encoding}"] = f"{header}\n1.5,2,3\n4,5,6\n", encoding
            made[f"{language} cells in {encoding}"] = f'id,city,note\n1,{city},"{note}"\n2,x,y\n', encoding
            made[f"{language} long in {encoding}"] = f"{header}\n{rows}", encoding
    return made


TEXTS = texts()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source.csv"


def read(source: Path, content: bytes, encoding: str | None = None, limit: int = LIMIT) -> DecodedText:
    source.write_bytes(content)
    return read_text(source, source.parent, encoding, max_bytes=limit)


@pytest.mark.parametrize(("text", "encoding"), TEXTS.values(), ids=TEXTS.keys())
def test_every_language_survives_its_encodings(source: Path, text: str, encoding: str) -> None:
    found = read(source, text.encode(encoding))
    assert found.path.read_text(encoding="utf-8-sig") == text
    assert found.encoding == SHOWN.get(encoding, encoding)


def test_every_encoding_that_is_inferred_has_a_language_that_uses_it() -> None:
    used = {DISPLAY_NAMES.get(encoding, encoding) for *_, encodings in LANGUAGES.values() for encoding in encodings}
    assert {DISPLAY_NAMES.get(encoding, encoding) for encoding in SCORERS} <= used, "add a text in it to LANGUAGES"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"])
def test_a_byte_order_mark_is_no_part_of_the_header(source: Path, encoding: str) -> None:
    found = read(source, ("\ufeff" + "城市,面积\n1,2\n").encode(encoding))
    assert found.path.read_text(encoding="utf-8-sig") == "城市,面积\n1,2\n"
    assert found.encoding == {"utf-8": "utf-8-sig"}.get(encoding, encoding[:6])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["城市,面积\n北京,120\n", "a,b\n1,2\n"])
def test_utf_16_without_a_mark_shows_by_its_nuls(source: Path, encoding: str, text: str) -> None:
    found = read(source, text.encode(encoding))
    assert (found.encoding, found.path.read_text(encoding="utf-8")) == ("utf-16", text)


def test_a_file_in_utf_8_is_not_copied(source: Path) -> None:
    for content in ("a,b\n1,2\n", "城市,b\n1,2\n", "\ufeffa,b\n1,2\n"):
        assert read(source, content.encode()).path == source


def test_a_character_cut_by_the_end_of_a_piece_is_whole(source: Path) -> None:
    for shift in range(4):
        text = "x" * shift + "a,城\n" + "北京,1\n" * 200_000
        assert read(source, text.encode()).encoding == "utf-8"
        assert read(source, text.encode("gbk")).path.read_text(encoding="utf-8") == text


def test_a_character_that_only_gb18030_has_survives(source: Path) -> None:
    text = "姓名,分数\n㐀㐁,5\n王,6\n"
    assert read(source, text.encode("gb18030")).path.read_text(encoding="utf-8") == text


def test_hong_kong_characters_survive(source: Path) -> None:
    text = "地區,數量\n九龍嘅舖頭,5\n香港,6\n"
    assert read(source, text.encode("big5hkscs")).path.read_text(encoding="utf-8") == text


def test_one_accent_in_a_large_ascii_file_is_western(source: Path) -> None:
    text = "id,name\n" + "1,plain\n" * 200_000 + "2,Müller\n"
    found = read(source, text.encode("cp1252"))
    assert (found.encoding, found.path.read_text(encoding="utf-8")) == ("cp1252", text)


def test_a_guess_on_little_text_names_the_other_possibility(source: Path) -> None:
    found = read(source, "Größe,Preis\n1,2\n".encode("cp1252"))
    assert len(found.warnings) == 1
    assert re.search("read as cp1252, but could be .*field `encoding`", found.warnings[0])


def test_a_guess_on_much_text_needs_no_warning(source: Path) -> None:
    for text, encoding in (("城市,价格\n" + "北京,1\n" * 50, "gbk"), ("Stadt,x\n" + "Köln,1\n" * 50, "cp1252")):
        assert read(source, text.encode(encoding)).warnings == []


def test_size_and_digest_are_those_of_the_bytes_received(source: Path) -> None:
    for content in (b"a,b\n1,2\n", "城市,b\n1,2\n".encode("gbk"), gzip.compress(b"a,b\n1,2\n" * 9)):
        found = read(source, content)
        assert (found.size_bytes, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_gzip_is_unpacked(source: Path, encoding: str) -> None:
    text = "城市,价格\n北京,1\n上海,2\n"
    found = read(source, gzip.compress(text[:9].encode(encoding)) + gzip.compress(text[9:].encode(encoding)))
    assert (found.compressed, found.encoding, found.path.read_text(encoding="utf-8")) == (True, encoding, text)


def test_a_gzip_bomb_costs_no_more_disk_than_the_limit(source: Path) -> None:
    with pytest.raises(TooLargeError, match="holds more than 2,000,000 bytes"):
        read(source, gzip.compress(b"1,2\n" * 5_000_000), limit=2_000_000)
    assert sum(file.stat().st_size for file in source.parent.iterdir() if file != source) <= 2_000_000


def test_a_gzip_that_shrank_as_no_table_does_is_refused(source: Path) -> None:
    with pytest.raises(TooLargeError, match="more than 400 times as large"):
        read(source, gzip.compress(b"1,2\n" * (17 << 20)), limit=1 << 30)


def test_a_file_over_the_limit_is_refused(source: Path) -> None:
    with pytest.raises(TooLargeError, match="has 101 bytes; at most 100"):
        read(source, b"a" * 101, limit=100)


def test_the_ctrl_z_that_ends_a_dos_file_is_no_row(source: Path) -> None:
    for encoding in ("utf-8", "cp1252", "gbk"):
        found = read(source, "a,b\n1,2\n\x1a".encode(encoding), encoding)
        assert found.path.read_text(encoding="utf-8") == "a,b\n1,2\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \r\n\t \n", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"\xff\xfe", "empty"),
        (b"a,b\n1,\x002\n", "byte 6 is NUL"),
        (b"\xef\xbb\xbfx\0,c,y\n1,a,2\n", "NUL"),
        (b"\xef\xbb\xbfx\0,c,y\n" + b"1,a,2\n" * 30, "binary"),
        (b"\xff\xfea\0,\0\0\0b\0\n\0", "NUL"),
        (b"a,b\n\x81\x20,\x81\x20\n", "byte 4 .line 2. is not UTF-8, and no other fits"),
        ("a,b\n1,2\n".encode("utf-16") + b"\n", "not utf-16 throughout"),
        (b"\xef\xbb\xbfa,b\n1,2\n\xff,2\n", "not utf-8 throughout: byte 11, in line 3"),
        ("城市,价格\n北京,1\n".encode() + "上海,2\n".encode("gbk"), "not utf-8 throughout: byte 23, in line 3"),
        ("城市,价格\n北京,上海".encode()[:-1], "not utf-8 throughout"),
        ("城市,价格\r北京,1\r".encode() + b"\xff,1\r", "in line 3"),
        (gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "gzip is damaged or cut off"),
        (b"\x1f\x8bnonsense", "gzip is damaged or cut off"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n", mtime=0), mtime=0), "gzip inside gzip"),
        (gzip.compress(b"", mtime=0), "empty"),
    ],
)
def test_what_is_no_text_is_refused_with_the_reason(source: Path, content: bytes, says: str) -> None:
    with pytest.raises(NotACsvError, match=says) as caught:
        read(source, content)
    assert re.search(r"(Send|Save|send|Export|Compress|name) ", caught.value.detail)


ZIP = b"PK\x03\x04" + bytes(26)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (ZIP + b"[Content_Types].xml" + b"...xl/workbook.xml", "an Excel workbook"),
        (ZIP + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "an OpenDocument file"),
        (ZIP + b"data.csv", "a zip archive"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), "an old Excel workbook"),
        (b"7z\xbc\xaf\x27\x1c..", "an archive"),
        (b"PAR1\x15\x04..PAR1", "a Parquet file"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"SQLite format 3\0..", "an SQLite database"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "an image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image"),
        (b"GIF89a\1\0", "an image"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
        (b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', "JSON"),
        (b'[{"a": 1,\n "b": 2}]', "JSON"),
        ('[{"a": 1}]'.encode("utf-16"), "JSON"),
        (b"\n<!DOCTYPE html>\n<p>a,b</p>", "HTML"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "XML"),
    ],
)
def test_what_is_something_else_is_called_by_its_name(source: Path, content: bytes, what: str) -> None:
    for received in (content, gzip.compress(content)):
        with pytest.raises(NotACsvError, match=f"This is {what}.*, not a CSV. .*[sS]end "):
            read(source, received)


@pytest.mark.parametrize(
    "content", [b"PAR1,PAR2\n1,2\n", b"<b>,y\n1,2\n", b"{x},y\n1,2\n", b"[cm],y\n1,2\n", b"II,III\n1,2\n"]
)
def test_odd_headers_are_no_other_format(source: Path, content: bytes) -> None:
    assert read(source, content).path == source


def test_an_encoding_that_is_named_wins(source: Path) -> None:
    content = "città,età\n1,2\n".encode("latin-1")
    assert read(source, content, "ISO-8859-1").path.read_text(encoding="utf-8") == "città,età\n1,2\n"
    assert read(source, content, "latin1").encoding == "latin-1"
    polish = "łódź,ćma\n1,2\n"
    found = read(source, polish.encode("cp1250"), "Windows-1250")
    assert (found.path.read_text(encoding="utf-8"), found.encoding, found.warnings) == (polish, "cp1250", [])


@pytest.mark.parametrize(("name", "shown"), [("GBK", "gbk"), ("gb2312", "gbk"), ("GB18030", "gbk"), ("Big5", "big5")])
def test_a_named_encoding_is_read_as_the_widest_of_its_family(source: Path, name: str, shown: str) -> None:
    text = {"gbk": "镕㐀,分\n1,2\n", "big5": "碁€,分\n1,2\n"}[shown]
    found = read(source, text.encode({"gbk": "gb18030", "big5": "cp950"}[shown]), name)
    assert (found.path.read_text(encoding="utf-8"), found.encoding) == (text, shown)


@pytest.mark.parametrize(
    "name", ["klingon", "rot13", "zlib", "base64", "idna", "unicode_escape", "x" * 500, "a\0b", "é"]
)
def test_a_name_that_is_no_text_encoding_is_refused_by_field(source: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="Usual ones are utf-8, utf-16, gbk") as caught:
        read(source, b"a,b\n1,2\n", name)
    assert caught.value.errors[0]["field"] == "encoding"


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("a,b\n1,2\né,3\n".encode("latin-1"), "utf-8", "not utf-8 throughout: byte 8, in line 3"),
        ("a,b\n1,2\n3,é\n".encode(), "ascii", "not ascii throughout: byte 10, in line 3"),
        ("a,b\n1,2\n3,é".encode("latin-1"), "gbk", "not gbk throughout: byte 10, in line 3"),
        (b"a,b\n1,2\n", "utf-32", "not utf-32 throughout"),
    ],
)
def test_bytes_that_do_not_fit_the_named_encoding_are_located(
    source: Path, content: bytes, name: str, says: str
) -> None:
    with pytest.raises(NotACsvError, match=says) as caught:
        read(source, content, name)
    assert "`encoding`" in caught.value.detail


def test_words_of_gbk_that_are_valid_utf_8_are_read_as_gbk(source: Path) -> None:
    # 绿色 and 医院 are also two characters each in UTF-8.
    text = "等级;速度\n" + "1,5;绿色\n2,5;医院\n" * 30
    found = read(source, text.encode("gbk"))
    assert (found.path.read_text(encoding="utf-8"), found.warnings) == (text, [])


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_file_in_utf_8_with_one_invalid_byte_is_no_other_encoding(source: Path, words: str) -> None:
    for word in words.split():
        if not word.isascii():
            with pytest.raises(NotACsvError, match="not utf-8 throughout"):
                read(source, f"a,b\n{word},1\n".encode() * 20 + b"\xff,2\n")
