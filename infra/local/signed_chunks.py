"""Bodies that are signed in chunks, as the SDKs for Java and Go send them over HTTP (`aws-chunked`).

Each chunk has a signature that covers the one before it, the first one that of the request's head. A chunk without
bytes ends the body; trailers, if there are any, are signed after it. The formula is AWS's, in "Signature calculations
for the authorization header: transferring payload in multiple chunks", with trailers where the name of the digest says
so. A chunk is hashed as it comes, so that a body takes no memory here.
"""

import hashlib
import hmac
import re

from ministack.core import sigv4

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

HEAD = re.compile(rb"([0-9a-fA-F]{1,8});chunk-signature=([0-9a-f]{64})")
TRAILER_SIGNATURE = b"x-amz-trailer-signature"
# The longest line of a body beside the bytes of its chunks, and the most bytes of all its trailers.
MOST_LINE, MOST_TRAILERS = 8_192, 65_536
EMPTY = hashlib.sha256(b"").hexdigest()


class ChunkRefusedError(Exception):
    """A chunk is another one than was signed, or there is something between the chunks."""


class SignedChunks:
    """Verifies a body as it comes in, by the signature of the head of its request and the secret that it is made with.

    The body is good if `update` has raised nothing and `end` raises nothing either.
    """

    def __init__(self, signature: sigv4.HeaderSignature, secret: str, *, has_trailer: bool) -> None:
        scope = (signature.date_stamp, signature.region, signature.service)
        self._signing_key = sigv4.derive_signing_key(secret, *scope)
        self._place = (signature.amz_date, "/".join((*scope, "aws4_request")))
        self._previous = signature.signature
        self._has_trailer = has_trailer
        self._line = bytearray()
        # Of the chunk that comes in: the bytes that are to come, its signature, the hash of those that came.
        self._left = 0
        self._given = ""
        self._found = hashlib.sha256()
        self._trailers: list[bytes] | None = None
        self._is_over = False

    def update(self, piece: bytes) -> None:
        """Verify what a piece of the body completes; raises `ChunkRefusedError`."""
        at = 0
        while at < len(piece):
            if self._is_over:
                raise ChunkRefusedError
            if self._left:
                taken = piece[at : at + self._left]
                self._found.update(taken)
                self._left -= len(taken)
                at += len(taken)
                continue
            end = piece.find(b"\n", at) + 1 or len(piece)
            self._line += piece[at:end]
            at = end
            if len(self._line) > MOST_LINE:
                raise ChunkRefusedError
            if self._line.endswith(b"\n"):
                line, self._line = bytes(self._line), bytearray()
                self._read_line(line)

    def end(self) -> None:
        """Raise `ChunkRefusedError` where the body has not come to its end."""
        if not self._is_over:
            raise ChunkRefusedError

    def _read_line(self, line: bytes) -> None:
        """Read a line between the bytes of chunks: the head of a chunk, the end of one, or a trailer."""
        if not line.endswith(b"\r\n"):
            raise ChunkRefusedError
        text = line[:-2]
        if self._trailers is not None:
            self._read_trailer(text)
        elif self._given:
            if text:
                raise ChunkRefusedError
            self._end_chunk()
        else:
            self._begin_chunk(text)

    def _begin_chunk(self, head: bytes) -> None:
        matched = HEAD.fullmatch(head)
        if matched is None:
            raise ChunkRefusedError
        self._left, self._given = int(matched[1], 16), matched[2].decode()
        self._found = hashlib.sha256()
        if self._left == 0 and self._has_trailer:
            self._end_chunk()
            self._trailers = []

    def _end_chunk(self) -> None:
        """Verify a chunk whose bytes are there; one without bytes is the last."""
        digest = self._found.hexdigest()
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY}\n{digest}", self._given)
        self._given = ""
        self._is_over = digest == EMPTY and not self._has_trailer

    def _read_trailer(self, line: bytes) -> None:
        assert self._trailers is not None
        name, _, value = line.partition(b":")
        if name.lower() == TRAILER_SIGNATURE:
            digest = hashlib.sha256(b"".join(self._trailers)).hexdigest()
            self._check("AWS4-HMAC-SHA256-TRAILER", digest, value.strip().decode("latin-1"))
            self._given = "trailers"
        elif not line and self._given:
            self._is_over = True
        elif line and not self._given and sum(map(len, self._trailers)) < MOST_TRAILERS:
            self._trailers.append(name.lower() + b":" + value.strip() + b"\n")
        else:
            raise ChunkRefusedError

    def _check(self, algorithm: str, digests: str, given: str) -> None:
        """Raise `ChunkRefusedError` unless a signature is that of these digests after the previous one."""
        text = "\n".join((algorithm, *self._place, self._previous, digests))
        self._previous = hmac.new(self._signing_key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(self._previous.encode(), given.encode()):
            raise ChunkRefusedError
