"""Pages of another origin: they may call where REGATTA_CORS_ORIGIN says so, and nowhere else."""

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from core.errors import NoSuchFileError
from core.settings import settings
from functions.http import create_app

PAGE = "https://app.example.com"
ASKS = {
    "Origin": PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,prefer",
}


def client() -> TestClient:
    settings.cache_clear()
    router = APIRouter()

    @router.get("/missing")
    async def missing() -> None:
        raise NoSuchFileError("No file has this id.")

    return TestClient(create_app(router))


@pytest.fixture
def allowed(settled: None, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("REGATTA_CORS_ORIGIN", PAGE)
    return client()


def test_nobody_may_unless_it_is_set(settled: None) -> None:
    answer = client().options("/missing", headers=ASKS)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_that_asks_is_told_that_the_page_may_call(allowed: TestClient) -> None:
    # Of whatever path: the gateway lets one function answer for others.
    answer = allowed.options("/model/train", headers=ASKS)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert {"GET", "POST", "DELETE"} == set(answer.headers["access-control-allow-methods"].split(", "))
    assert answer.headers["access-control-allow-headers"] == "content-type,prefer"


def test_errors_can_be_read_too(allowed: TestClient) -> None:
    answer = allowed.get("/missing", headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, PAGE)
    assert "Location" in answer.headers["access-control-expose-headers"]


def test_other_pages_may_not(allowed: TestClient) -> None:
    answer = allowed.options("/missing", headers={**ASKS, "Origin": "https://elsewhere.example.com"})
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
