"""The documentation at each address of API Gateway: the page with its files, and the document for its callers."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from core.settings import settings
from functions.system import documentation
from infra.deploy.package import package
from infra.paths import ROOT
from tests.support.gateway import AddressTransport

COMMITTED = ROOT / "docs/openapi.json"
BASES = {"stage": "/prod", "domain": "", "mapping": "/teams/flats"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest) -> str:
    return BASES[request.param]


@pytest.fixture
def client(settled: None, base: str) -> Iterator[httpx.Client]:
    transport = AddressTransport(base, custom_domain=base != "/prod")
    with httpx.Client(transport=transport, base_url=f"https://api.example.com{base}") as client:
        yield client


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_comes_with_all_its_files(client: httpx.Client, base: str, path: str) -> None:
    page = client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 5
    for address in addresses:
        assert address.startswith(f"{base}/"), address
        found = client.get(f"https://api.example.com{address}")
        assert (found.status_code, bool(found.content)) == (200, True)
    assert client.get("/docs/secrets.txt").json()["type"] == "urn:regatta:problem:no-such-route"


def test_the_page_runs_no_script_but_its_own(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert re.findall(r"<script(?! src=)", page.text) == []


def test_the_document_is_the_committed_one_for_this_address(client: httpx.Client, base: str) -> None:
    expected = json.loads(COMMITTED.read_text())
    expected["servers"][0]["url"] = base or "/"
    assert client.get("/openapi.json").json() == expected
    older = client.get("/openapi-3.0.json").json()
    assert (older["openapi"], older["servers"][0]["url"]) == ("3.0.3", base or "/")
    assert older["paths"].keys() == expected["paths"].keys()


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui-bundle.js", "/openapi.json", "/openapi-3.0.json"])
def test_a_file_is_packed_for_who_takes_it_and_sent_once(client: httpx.Client, path: str) -> None:
    packed, plain = client.get(path, headers={"Accept-Encoding": "gzip"}), client.get(path, headers=PLAIN)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    again = client.get(path, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_emulator_gets_text(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """LocalStack would send the Base64 of what is packed."""
    monkeypatch.setenv("REGATTA_S3_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    assert "content-encoding" not in client.get("/docs", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/openapi.json", "/openapi-3.0.json"])
def test_it_can_be_switched_off(client: httpx.Client, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    assert {"docs", "openapi"} <= client.get("/").json()["links"].keys()
    monkeypatch.setenv("REGATTA_DOCS", "false")
    settings.cache_clear()
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:regatta:problem:no-such-route")
    assert not {"docs", "openapi"} & client.get("/").json()["links"].keys()


def test_a_package_holds_the_document_itself() -> None:
    with zipfile.ZipFile(io.BytesIO(package())) as archive:
        assert archive.read("functions/system/openapi.json") == COMMITTED.read_bytes()
    assert documentation.DOCUMENT.samefile(COMMITTED)


def test_a_packed_file_is_the_same_whenever_it_is_packed() -> None:
    file = documentation.TextFile(b"regatta " * 100, "text/plain")
    assert gzip.decompress(file.packed) == file.body
    assert file.packed == documentation.TextFile(file.body, file.media_type).packed
