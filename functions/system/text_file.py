"""A file that is sent as text, such as a page or a script: whole, packed, or not at all."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property

from fastapi import Request
from fastapi.responses import Response

from functions.packed_answers import takes_gzip


@dataclass(frozen=True)
class TextFile:
    """A file that is sent whole, packed where the caller takes gzip, and not at all where the caller has it."""

    body: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """Return its digest; weak, because it is that of the packed bytes as well."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def packed(self) -> bytes:
        """Return it as gzip."""
        return gzip.compress(self.body, mtime=0)

    def answer(self, request: Request, headers: dict[str, str]) -> Response:
        """Return the answer to a request, with these headers."""
        headers = {**headers, "ETag": self.etag, "X-Content-Type-Options": "nosniff"}
        headers["Vary"] = ", ".join(filter(None, ("Accept-Encoding", headers.get("Vary"))))
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if not takes_gzip(request):
            return Response(self.body, media_type=self.media_type, headers=headers)
        return Response(self.packed, media_type=self.media_type, headers={**headers, "Content-Encoding": "gzip"})
