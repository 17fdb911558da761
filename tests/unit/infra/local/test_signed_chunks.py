"""Bodies that are signed in chunks; the signatures are those of the examples in AWS's documentation."""

import pytest
from ministack.core.sigv4 import HeaderSignature

from infra.local.signed_chunks import ChunkRefusedError, SignedChunks

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
BYTES = (b"a" * 65_536, b"a" * 1_024, b"")
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILED_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILED_SIGNATURES = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
TRAILER_SIGNATURE = b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"


def framed(chunks: tuple[bytes, ...], signatures: tuple[str, ...]) -> bytes:
    """Return a body of chunks without what ends it."""
    pieces = [
        b"%x;chunk-signature=%s\r\n%s" % (len(chunk), signature.encode(), chunk and chunk + b"\r\n")
        for chunk, signature in zip(chunks, signatures, strict=True)
    ]
    return b"".join(pieces)


BODY = framed(BYTES, SIGNATURES) + b"\r\n"
TRAILED_BODY = framed(BYTES, TRAILED_SIGNATURES) + TRAILER + TRAILER_SIGNATURE + b"\r\n"


def is_taken(body: bytes, size: int = 1 << 20, *, has_trailer: bool = False) -> bool:
    """Return whether a body is taken that comes in pieces of `size` bytes."""
    seed = TRAILED_SEED if has_trailer else SEED
    signature = HeaderSignature("AKID", "20130524", "us-east-1", "s3", "host", seed, "20130524T000000Z")
    chunks = SignedChunks(signature, SECRET, has_trailer=has_trailer)
    try:
        for start in range(0, len(body), size):
            chunks.update(body[start : start + size])
        chunks.end()
    except ChunkRefusedError:
        return False
    return True


@pytest.mark.parametrize("size", [1, 7, 65_537, 1 << 20])
def test_a_body_is_taken_in_pieces_of_any_size(size: int) -> None:
    assert is_taken(BODY, size)
    assert is_taken(TRAILED_BODY, size, has_trailer=True)


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace(b"aaaa\r\n400;", b"aaab\r\n400;"),
        BODY[: BODY.index(b"400;")],
        BODY[: -len(b"\r\n")],
        BODY[BODY.index(b"400;") :],
        BODY[BODY.rindex(b"0;") :],
        BODY + b"0",
        BODY + BODY,
        BODY.replace(b"\r\n400;", b"b\r\n400;"),
        BODY.replace(b"\r\n", b"\n"),
        BODY.replace(b";chunk-signature=", b";chunk-signature=0"),
        BODY.replace(b";chunk-signature=", b" ;chunk-signature="),
        BODY.replace(b"400;", b"+400;"),
        framed(BYTES, SIGNATURES) + TRAILER + b"\r\n",
        b"0\r\n\r\n",
        b"a" * 100_000,
        b"",
    ],
)
def test_a_body_is_refused_that_is_not_what_was_signed(body: bytes) -> None:
    assert not is_taken(body)


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        TRAILED_BODY.replace(b"sOO8", b"sOO9"),
        TRAILED_BODY.replace(TRAILER_SIGNATURE, b""),
        TRAILED_BODY.replace(TRAILER, b""),
        TRAILED_BODY.replace(TRAILER_SIGNATURE, TRAILER_SIGNATURE + TRAILER),
        TRAILED_BODY.replace(TRAILER_SIGNATURE, TRAILER_SIGNATURE * 2),
        TRAILED_BODY.replace(TRAILER, TRAILER * 100_000),
        TRAILED_BODY[: -len(b"\r\n")],
    ],
)
def test_trailers_are_refused_that_are_not_what_was_signed(body: bytes) -> None:
    assert not is_taken(body, has_trailer=True)
