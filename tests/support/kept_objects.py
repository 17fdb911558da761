"""What one test of a module has put into its bucket, kept for the others."""

from collections.abc import Callable
from typing import Any

from core.storage.s3.object_store import ObjectStore
from tests.support.process_state import connect_container


class KeptObjects:
    """The objects that `make` stores in an empty bucket: made once, and put back for each further test.

    To train the models of a module anew takes longer than most of its tests.
    """

    def __init__(self) -> None:
        self._objects: dict[str, bytes] | None = None
        self._returned: Any = None

    def fill(self, bucket: ObjectStore, make: Callable[[], Any]) -> Any:
        """Fill an empty bucket, which the container of the process uses; return what `make` returned."""
        if self._objects is None:
            self._returned = make()
            self._objects = {item.key: bucket.get(item.key) for item in bucket.list("")}
        else:
            for key, body in self._objects.items():
                bucket.put(key, body)
        connect_container(bucket)
        return self._returned
