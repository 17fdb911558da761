"""HTTP connections whose requests have heads of a bounded size, and so the trailers behind a body in chunks.

uvicorn bounds them where its parser is h11. With httptools a header of 100 MB is kept, before anybody is asked for a
key.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A token with many claims is the longest that a request needs.
MOST_HEAD_BYTES = 64 << 10
TOO_LARGE = "The head of the request is too large: its first line and headers may have 64 KB."


class BoundedHeadProtocol(HttpToolsProtocol):
    """Answers 400 and ends the connection where headers go on for more than 64 KB after the read that began them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_headers = False
        # How many heads and chunks have begun: what came in belongs to the one that it found.
        self._begun = 0
        self._bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what has come in."""
        if self.transport.is_closing():
            return
        begun, was_in_headers = self._begun, self._is_in_headers
        super().data_received(data)
        if was_in_headers and self._is_in_headers and begun == self._begun:
            self._bytes += len(data)
            if self._bytes > MOST_HEAD_BYTES:
                self.send_400_response(TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin to count the head."""
        self._begin()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End to count: a body has limits of its own."""
        self._is_in_headers = False
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Begin to count: behind the last chunk, which is empty, come trailers."""
        self._begin()

    def on_body(self, body: bytes) -> None:
        """End to count: the chunk is not empty."""
        self._is_in_headers = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End to count."""
        self._is_in_headers = False
        super().on_message_complete()

    def _begin(self) -> None:
        self._is_in_headers = True
        self._begun += 1
        self._bytes = 0
