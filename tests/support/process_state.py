"""The settings and singletons of the process that a test runs in."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from core.services.prediction import loaded_models, predict
from core.settings import settings
from core.storage.container import container
from core.storage.s3.object_store import ObjectStore
from core.storage.signing import derive_internal, internal_key, kept_keyring
from functions import access

SINGLETONS = (
    settings,
    container,
    kept_keyring,
    internal_key,
    derive_internal,
    loaded_models._models,
    predict._tables,
    access.callers,
    access.allowances,
)


def forget_singletons() -> None:
    """Drop every singleton of the process, so that the next call finds it like a fresh one."""
    for singleton in SINGLETONS:
        singleton.cache_clear()


def connect_container(objects: ObjectStore) -> None:
    """Drop every singleton, and let the new container use the S3 client of this store."""
    forget_singletons()
    container().objects._client = objects.client


@contextmanager
def process_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Run the block with these environment variables and no other REGATTA_* ones, as a process of its own would."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGATTA_")}
    with mock.patch.dict(os.environ, {**kept, **variables}, clear=True):
        forget_singletons()
        try:
            yield
        finally:
            forget_singletons()
