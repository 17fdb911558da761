"""Points this process at a stack: its environment, and nothing remembered from another one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from core.services.prediction import predict as prediction
from core.settings import settings
from core.storage.container import container
from core.storage.signing import signing_key

REMEMBERED = (settings, container, signing_key, prediction._models, prediction._tables)


def forget() -> None:
    """Drop every process-wide singleton, as a fresh process would start."""
    for remembered in REMEMBERED:
        remembered.cache_clear()


@contextmanager
def pointed_at(variables: Mapping[str, str]) -> Iterator[None]:
    """Run the block as a process with these variables and no other REGATTA_* ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGATTA_")}
    with mock.patch.dict(os.environ, {**kept, **variables}, clear=True):
        forget()
        try:
            yield
        finally:
            forget()
