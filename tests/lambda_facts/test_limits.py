"""The limits of Lambda and its gateway, and how Regatta stays within them."""

import io
import random

import httpx
import pytest

from infra.environment import PAYLOAD_BYTES, Environment, LambdaError, has_namespace
from tests.lambda_facts.conftest import ROW
from tests.support.gateway import EnvironmentTransport
from tests.support.stack import Stack

# Bytes reach a function as Base64: four for three.
MOST_BINARY = PAYLOAD_BYTES * 3 // 4 - 4096


def flats(size: int) -> bytes:
    """A CSV of about `size` bytes with the columns of the model."""
    chance = random.Random(3)
    body = io.StringIO()
    body.write("城市,面积,房龄,价格\n")
    while body.tell() < size * 0.9:
        body.write(f"上海,{chance.uniform(40, 160):.2f},{chance.randrange(40)},{chance.uniform(100, 900):.3f}\n")
    return body.getvalue().encode()[:size].rpartition(b"\n")[0]


def test_answers_that_lambda_would_not_let_out_become_links(client: httpx.Client, stack: Stack, model: str) -> None:
    table = flats(4 << 20)
    file_id = httpx.post(f"{stack.base_url}/data/upload", files={"file": ("many.csv", table)}, timeout=300).json()[
        "file_id"
    ]
    payload = {"file_id": file_id, "model_name": model}
    batch = client.post("/predict/batch", json={**payload, "interval": 0.9})
    assert batch.status_code == 303
    linked = httpx.get(batch.headers["location"], timeout=300)
    assert len(linked.content) > PAYLOAD_BYTES
    assert linked.json()["count"] == table.count(b"\n")
    export = client.post("/predict/export", json={**payload, "format": "json"})
    assert export.status_code == 303


def test_the_largest_upload_that_reaches_a_function_is_taken(client: httpx.Client) -> None:
    table = flats(MOST_BINARY)
    assert len(table) > 3 << 20
    answer = client.post("/data/upload", files={"file": ("large.csv", table, "text/csv")})
    assert (answer.status_code, answer.json()["size_bytes"]) == (200, len(table))


def test_what_is_larger_never_reaches_it_and_is_sent_to_the_bucket(client: httpx.Client) -> None:
    with pytest.raises(LambdaError, match="RequestEntityTooLarge"):
        client.post("/data/upload", files={"file": ("larger.csv", flats(PAYLOAD_BYTES), "text/csv")})
    answer = client.post("/data/uploads", json={"filename": "larger.csv", "size_bytes": PAYLOAD_BYTES})
    assert answer.status_code == 201
    assert {"url", "fields"} <= set(answer.json())


def test_a_body_over_the_limit_is_refused_by_name(stack: Stack) -> None:
    variables = {**stack.env, "REGATTA_MAX_BODY_BYTES": "1000"}
    with httpx.Client(transport=EnvironmentTransport(variables), base_url="http://lambda") as client:
        answer = client.post("/predict", json={"data": {**ROW, "note": "x" * 1000}, "model_name": "any"})
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:regatta:problem:too-large"


WRITING = {
    "Python": ["open(path, 'w')", "os.mkdir(path)", "os.rename(tempfile.mkstemp()[1], path)"],
    # What audit events do not tell of: only a mount namespace can refuse it, where this machine lets us have one.
    "C": ["import pyarrow as a, pyarrow.csv as c; c.write_csv(a.table({'a': [1]}), path)"] if has_namespace() else [],
}


@pytest.mark.parametrize("code", [*WRITING["Python"], *WRITING["C"]])
def test_nothing_can_be_written_but_below_tmpdir(code: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment itself: were it not sealed, the tests that run in it would prove nothing."""
    for name in ("core", "functions/writing"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "functions" / "__init__.py").touch()
    (tmp_path / "functions/writing/handler.py").write_text(
        "import core, os, tempfile\n"
        "def handler(event, context):\n"
        "    for folder in (tempfile.mkdtemp(), event['home']):\n"
        f"        path = os.path.join(folder, 'new')\n        {code}\n"
    )
    monkeypatch.setattr("infra.environment.ROOT", tmp_path)
    environment = Environment("writing", {})
    try:
        with pytest.raises(LambdaError, match="Read-only file system"):
            environment.invoke({"home": str(tmp_path)})
    finally:
        environment.close()
    assert not (tmp_path / "new").exists()
