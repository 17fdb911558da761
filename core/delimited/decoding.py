"""Decode a file to plain UTF-8 on disk: unpack gzip, refuse other file formats, and decode strictly."""

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from core.bounds import check_ratio
from core.delimited.copies import copy_path
from core.delimited.encodings import InferredEncoding, infer_encodings, sample_beyond_ascii
from core.delimited.file_signatures import refuse_binary_file, refuse_other_format
from core.delimited.options import USUAL_ENCODINGS, find_codec
from core.errors import NotACsvError, RegattaError, TooLargeError

PIECE_BYTES = 1 << 20
HEAD_BYTES = 64 << 10

GZIP = b"\x1f\x8b"
# UTF-32 first: its little-endian mark begins like that of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The name of an encoding in the answer: the one that its users know.
DISPLAY_NAMES = {
    **dict.fromkeys(("gb18030", "gb2312"), "gbk"),
    **dict.fromkeys(("cp950", "big5hkscs"), "big5"),
    **dict.fromkeys(("utf-16-le", "utf-16-be"), "utf-16"),
    **dict.fromkeys(("utf-32-le", "utf-32-be"), "utf-32"),
    **dict.fromkeys(("iso8859-1", "latin-1"), "latin-1"),
    "utf-8-sig": "utf-8",
    "cp932": "shift_jis",
    "cp949": "euc_kr",
}


@dataclass(frozen=True)
class DecodedText:
    """A text file as plain UTF-8 on disk, with its original encoding, size and digest."""

    path: Path
    # As in the answer; the field `encoding` takes this name as well.
    encoding: str
    # Size and digest of the bytes as received.
    size_bytes: int
    sha256: str
    compressed: bool = False
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Scan:
    """The result of one pass over a file."""

    path: Path
    size_bytes: int
    sha256: str
    head: bytes
    tail: bytes
    is_blank: bool
    # Offsets of the first NUL and of the first byte that is not UTF-8.
    nul_at: int | None
    broken_at: int | None


def read_text(
    source: Path, folder: Path, encoding: str | None = None, *, max_bytes: int, known: Collection[str] = ()
) -> DecodedText:
    """Convert a file to plain UTF-8, unpacking gzip; copies go to `folder`, and a file in UTF-8 needs none.

    Streams: memory does not grow with the file. `encoding` overrules the inferred one; `max_bytes` bounds the
    unpacked file. An encoding in doubt is the one that has most of the texts `known` in the first lines. Raises
    `NotACsvError` for a file that is no text, `TooLargeError`, `InvalidInputError` for `encoding`.
    """
    codec = None if encoding is None else find_codec(encoding)
    scan = received = _scan(source, max_bytes)
    compressed = received.head.startswith(GZIP)
    if compressed:
        scan = _scan(unpack_gzip(source, copy_path(folder, "unpacked.csv"), max_bytes, _damaged_gzip), max_bytes)
        if scan.head.startswith(GZIP):
            raise NotACsvError("The file is gzip inside gzip. Unpack it and send the CSV, as it is or as gzip once.")
    refuse_binary_file(scan.head)
    if scan.is_blank:
        raise _empty()
    path, found, warnings = _decode(scan, folder, codec, known)
    with path.open("rb") as file:
        refuse_other_format(file.read(HEAD_BYTES))
    name = found if found == "utf-8-sig" else _display_name(found)
    return DecodedText(path, name, received.size_bytes, received.sha256, compressed, warnings)


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, `PIECE_BYTES` at a time."""
    with path.open("rb") as file:
        yield from iter(lambda: file.read(PIECE_BYTES), b"")


def _scan(path: Path, max_bytes: int) -> _Scan:
    """Read a file once for everything that decoding needs to know; raises `TooLargeError`."""
    size = path.stat().st_size
    if size > max_bytes:
        raise TooLargeError(
            f"The file has {size:,} bytes; at most {max_bytes:,} are taken. Send fewer rows or columns."
        )
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    scan = _Scan(path, size, "", b"", b"", True, None, None)
    offset = 0
    for piece in _pieces(path):
        digest.update(piece)
        if not offset:
            scan.head = piece[:HEAD_BYTES]
        scan.is_blank = scan.is_blank and not piece.removeprefix(codecs.BOM_UTF8).strip()
        if scan.nul_at is None and (position := piece.find(b"\0")) >= 0:
            scan.nul_at = offset + position
        offset += len(piece)
        # Most files are pure ASCII, and checking that is much faster than decoding.
        if scan.broken_at is None and not (piece.isascii() and not decoder.getstate()[0]):
            scan.broken_at = _broken_at(decoder, piece, offset)
        scan.tail = piece[-1:]
    if scan.broken_at is None:
        scan.broken_at = _broken_at(decoder, b"", offset, final=True)
    scan.sha256 = digest.hexdigest()
    return scan


def _broken_at(decoder: codecs.IncrementalDecoder, piece: bytes, end: int, *, final: bool = False) -> int | None:
    """Return the offset of the byte that `decoder` cannot decode, or None; the piece ends at offset `end`."""
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError as error:
        return end - len(error.object) + error.start
    return None


def unpack_gzip(source: Path, target: Path, max_bytes: int, damaged: Callable[[Exception], RegattaError]) -> Path:
    """Unpack gzip to the file `target`; raises what `damaged` makes of the reason for damaged gzip, `TooLargeError`."""
    size, packed_bytes = 0, source.stat().st_size
    try:
        with gzip.open(source) as packed, target.open("wb") as unpacked:
            while piece := packed.read(PIECE_BYTES):
                size += len(piece)
                if size > max_bytes:
                    raise TooLargeError(
                        f"The gzip holds more than {max_bytes:,} bytes, which is the most that is taken. "
                        "Send fewer rows or columns."
                    )
                check_ratio(size, packed_bytes, "Unpack it and send the table itself.")
                unpacked.write(piece)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged(error) from None
    return target


def _damaged_gzip(reason: Exception) -> NotACsvError:
    return NotACsvError(f"The gzip is damaged or cut off ({reason}). Compress the CSV again, or send it as it is.")


def _empty() -> NotACsvError:
    """Return the error for a file without any text."""
    return NotACsvError(
        "The file is empty and has no rows. Send a CSV with a header line and at least one row below it."
    )


def _decode(scan: _Scan, folder: Path, codec: str | None, known: Collection[str]) -> tuple[Path, str, list[str]]:
    """Return a path to the text in UTF-8, its original encoding, and warnings."""
    marked = next((encoding for mark, encoding in BYTE_ORDER_MARKS if scan.head.startswith(mark)), None)
    is_utf_8 = scan.broken_at is None and scan.nul_at is None and marked in (None, "utf-8-sig")
    if is_utf_8 and codec in (None, "utf-8", "utf-8-sig"):
        path = _transcode(scan, folder, "utf-8") if scan.tail == b"\x1a" else scan.path
        return path, marked or "utf-8", []
    if codec:
        return _transcode(scan, folder, codec), codec, []
    encoding = marked or (_unmarked_utf_16(scan.head) if scan.nul_at is not None else None)
    if encoding:
        return _transcode(scan, folder, encoding), encoding, []
    if scan.nul_at is not None:
        raise _binary(scan.nul_at)
    return _infer_and_transcode(scan, folder, known)


def _binary(offset: int) -> NotACsvError:
    """Return the error for a file with a NUL byte at `offset`."""
    return NotACsvError(
        f"The file is binary or damaged: byte {offset:,} is NUL, which no text has. "
        "Export the table as CSV in UTF-8 and send that."
    )


def _unmarked_utf_16(head: bytes) -> str | None:
    """Detect UTF-16 without a mark: it has a NUL beside each digit, delimiter and line end, always on the same side."""
    low, high = head[0::2].count(0), head[1::2].count(0)
    units = {head[at : at + 2] for at in range(0, len(head), 2)}
    if low * 50 <= high and units & {b"\n\0", b"\r\0"}:
        return "utf-16-le"
    if high * 50 <= low and units & {b"\0\n", b"\0\r"}:
        return "utf-16-be"
    return None


def _infer_and_transcode(scan: _Scan, folder: Path, known: Collection[str]) -> tuple[Path, str, list[str]]:
    """Transcode from the likeliest encoding that fits; return the path, the encoding, and warnings.

    Raises `NotACsvError` for a file in UTF-8 with a few invalid bytes, and for one that no encoding fits.
    """
    sample = sample_beyond_ascii(scan.path)
    as_utf_8 = sample.decode(errors="replace")
    broken = as_utf_8.count("\ufffd")
    found = infer_encodings(sample, known)
    # Some words of East Asian encodings are valid UTF-8, and one may stand in every row.
    is_certain = bool(found) and found[0].alternative is None and not found[0].encoding.startswith("cp125")
    # In no other encoding are so many bytes valid UTF-8 by chance.
    if not is_certain and sum(character > "\x7f" for character in as_utf_8) > 2 * broken:
        raise _misfit(scan.path, "utf-8", scan.broken_at or 0)
    for inferred in found:
        try:
            path = _transcode(scan, folder, inferred.encoding)
        except NotACsvError:
            continue
        return path, inferred.encoding, _warn_of_doubt(inferred)
    raise NotACsvError(
        f"The file is not text in any encoding that is recognised: byte {scan.broken_at:,} (line "
        f"{_line(scan.path, scan.broken_at or 0):,}) is not UTF-8, and no other fits. Save it as UTF-8 and send it "
        f"again, or name its encoding in the field `encoding`."
    )


def _warn_of_doubt(inferred: InferredEncoding) -> list[str]:
    """Return a warning that names the alternative, or an empty list where the inference is certain."""
    if inferred.alternative is None:
        return []
    name, alternative = _display_name(inferred.encoding), _display_name(inferred.alternative)
    return [
        f"the encoding is a guess: it is read as {name}, but could be {alternative}; if its texts look wrong, "
        "send the file again with the right one in the field `encoding`"
    ]


def _transcode(scan: _Scan, folder: Path, encoding: str) -> Path:
    """Write the text as UTF-8, without a byte order mark and without the Ctrl-Z at the end of DOS files."""
    path = copy_path(folder, "decoded.csv")
    decoder = codecs.getincrementaldecoder(encoding)()
    end, is_blank = 0, True
    last = ""
    with path.open("wb") as decoded:
        for piece in chain(_pieces(scan.path), (b"",)):
            end += len(piece)
            try:
                text = decoder.decode(piece, not piece)
                utf_8 = (text.removeprefix("\ufeff") if not decoded.tell() else text).encode()
            except UnicodeDecodeError as error:
                offset = end - len(error.object) + error.start
                raise _misfit(scan.path, encoding, offset) from None
            except UnicodeError:
                raise _misfit(scan.path, encoding, end) from None
            if b"\0" in utf_8:
                raise _binary(scan.nul_at or 0)
            is_blank = is_blank and not text.strip("\ufeff\x1a \t\r\n")
            decoded.write(utf_8)
            last = text or last
        if last.endswith("\x1a"):
            decoded.seek(-1, 2)
            decoded.truncate()
    if is_blank:
        raise _empty()
    return path


def _display_name(encoding: str) -> str:
    """Return the name of an encoding that its users know."""
    return DISPLAY_NAMES.get(encoding, encoding)


def _misfit(path: Path, encoding: str, offset: int) -> NotACsvError:
    """Return the error for a byte at `offset` that is invalid in this encoding."""
    return NotACsvError(
        f"The file is not {_display_name(encoding)} throughout: byte {offset:,}, in line {_line(path, offset):,}, "
        f"does not fit. Save it again as UTF-8, or name its encoding in the field `encoding` "
        f"(such as {USUAL_ENCODINGS}).",
        [{"field": "encoding", "message": f"is not {_display_name(encoding)} throughout"}],
    )


def _line(path: Path, offset: int) -> int:
    """Return the number of the line with the byte at `offset`; lines end in LF, or in CR where there is no LF."""
    feeds = returns = 0
    left = offset
    for piece in _pieces(path):
        feeds += piece[:left].count(b"\n")
        returns += piece[:left].count(b"\r")
        left -= len(piece)
        if left <= 0:
            break
    return (feeds or returns) + 1
