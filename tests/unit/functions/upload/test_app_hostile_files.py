"""Hostile files through the whole upload: each is read right, or refused with a way out."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.manifests import Column
from core.tables.table import Table
from tests.support.gateway import HandlerTransport
from tests.support.hostile_files import SMALL_FILES
from tests.support.hostile_files.cases import Accepted, HostileFile, Refused
from tests.support.storage import WORKSPACE, Repositories


@pytest.fixture(scope="module")
def client() -> httpx.Client:
    return httpx.Client(transport=HandlerTransport(), base_url="http://handlers")


@pytest.mark.parametrize("case", SMALL_FILES.values(), ids=SMALL_FILES.keys())
def test_it_is_a_right_table_or_refused_with_a_way_out(
    client: httpx.Client, repositories: Repositories, tmp_path: Path, case: HostileFile
) -> None:
    answer = client.post("/data/upload", files={"file": (case.filename, case.content)}, data=case.form)
    body = answer.json()
    if isinstance(case.outcome, Refused):
        check_refusal(answer.status_code, body, case.outcome)
        assert answer.headers["content-type"] == "application/problem+json"
        assert repositories.keys() == []
    else:
        assert (answer.status_code, body.get("detail")) == (200, None)
        check_table(repositories, body, tmp_path, case.outcome)
        assert body["filename"] == body["filename"].strip("/.") and len(body["filename"]) <= 200


def check_refusal(status: int, body: dict[str, Any], expected: Refused) -> None:
    assert status == expected.status, body
    assert re.search(expected.detail, body["detail"]), body["detail"]
    assert re.search(r"(?i)\b(send|save|export|close|correct|leave|give|name|unpack|must|should)\b", body["detail"])
    assert len(body["detail"]) < 1000


def check_table(repositories: Repositories, body: dict[str, Any], folder: Path, expected: Accepted) -> None:
    types = body["column_types"]
    assert types == expected.types
    assert list(types) == list(expected.types)
    path = folder / "table.parquet"
    path.write_bytes(repositories.objects.get(f"{WORKSPACE}/datasets/{body['file_id']}/table.parquet"))
    table = Table(path, [Column(name=name, type=kind, missing=0) for name, kind in types.items()], body["rows"])
    assert table.head(len(expected.rows)) == expected.rows
    assert body["rows"] == (expected.count or len(expected.rows))
    assert re.search(expected.warning, "\n".join(body["warnings"]), re.DOTALL)
    profile = repositories.objects.get(f"{WORKSPACE}/datasets/{body['file_id']}/profile.json")
    json.loads(profile, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
