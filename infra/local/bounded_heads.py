"""HTTP connections whose requests have a head, which is their first line and headers, of a bounded size.

uvicorn bounds it where its parser is h11. With httptools a header of 100 MB is kept, before anybody is asked for a key.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# A token with many claims is the longest that a request needs.
MOST_HEAD_BYTES = 64 << 10
TOO_LARGE = "The head of the request is too large: its first line and headers may have 64 KB."


class BoundedHeadProtocol(HttpToolsProtocol):
    """Answers 400 and ends the connection where a head goes on for more than 64 KB after its first read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = False
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what has come in."""
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._is_in_head = False
                self.send_400_response(TOO_LARGE)
                return
        if not self.transport.is_closing():
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End to count: a body has limits of its own."""
        self._is_in_head = False
        super().on_headers_complete()
