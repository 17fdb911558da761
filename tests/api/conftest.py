"""A client for the tests of this folder. A module that needs a table or a model adds it in a `client` of its own."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.gateway import HandlerTransport
from tests.support.process_state import process_environment
from tests.support.stack import Stack
from tests.support.training import grow_few_trees


@pytest.fixture(scope="module", autouse=True)
def _few_trees() -> Iterator[None]:
    """Let forests have few trees: no test of this folder is about how well one predicts."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        grow_few_trees(monkeypatch)
        yield


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    """The Lambda handlers over the shared stack."""
    with (
        process_environment(stack.env),
        httpx.Client(transport=HandlerTransport(), base_url="http://handlers") as client,
    ):
        yield client
