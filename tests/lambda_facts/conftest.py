"""A model to predict with, and environments that end with their module."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.gateway import EnvironmentTransport
from tests.support.stack import Stack
from tests.support.workflow import gbk_csv

ROW = {"面积": 88.5, "城市": "上海", "房龄": 3}


@pytest.fixture(scope="session")
def file_id(stack: Stack) -> str:
    """A small table."""
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        return str(client.post("/data/upload", files={"file": ("flats.csv", gbk_csv())}).json()["file_id"])


@pytest.fixture(scope="session")
def model(stack: Stack, file_id: str) -> str:
    """The name of a model of it."""
    payload = {"model_type": "ridge", "target_column": "价格", "model_name": "facts", "file_id": file_id}
    httpx.post(f"{stack.base_url}/model/train", json=payload, timeout=300).raise_for_status()
    return "facts"


@pytest.fixture(scope="module")
def lambdas(stack: Stack) -> Iterator[EnvironmentTransport]:
    """Every function in an environment of its own, over the stack's storage."""
    transport = EnvironmentTransport(stack.env)
    yield transport
    transport.close()


@pytest.fixture(scope="module")
def client(lambdas: EnvironmentTransport) -> httpx.Client:
    """Through the gateway to them."""
    return httpx.Client(transport=lambdas, base_url="http://lambda")
