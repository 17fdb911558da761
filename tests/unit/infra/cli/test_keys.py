"""`regatta keys`: what it makes, prints and refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.access.keys import id_of
from core.storage.key_repository import KeyRepository
from core.storage.s3.object_store import ObjectStore
from infra.cli import app
from infra.cli import keys as command
from tests.support.http_server import QuietHandler, running_server


@pytest.fixture(autouse=True)
def keys(bucket: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> KeyRepository:
    """The keys in a bucket of the test, in place of that of a running stack."""
    monkeypatch.setattr(command, "use_running_stack", lambda **_: None)
    return KeyRepository(bucket)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments])


def make(*options: str) -> str:
    return run("create", "--workspace", "acme", "--role", "predict", *options).stdout.strip()


def test_the_key_alone_is_on_stdout(keys: KeyRepository) -> None:
    answer = run("create", "--workspace", "acme", "--role", "predict", "--expires", "90d", "--label", "shop")
    key_id = id_of(answer.stdout.strip())
    assert key_id is not None
    assert key_id in answer.stderr
    assert answer.stdout.strip() not in answer.stderr
    stored = keys.get(key_id)
    assert stored is not None
    assert (stored.workspace, stored.role, stored.label) == ("acme", "predict", "shop")


def test_json_has_the_key_and_all_that_is_known_of_it() -> None:
    document = json.loads(make("--json", "--rate", "5", "--quota", "100", "--expires", "2999-01-01"))
    assert id_of(document["key"]) == document["key_id"]
    assert document["expires"] == "2999-01-01T00:00:00+00:00"
    assert (document["per_second"], document["per_day"], document["state"]) == (5.0, 100, "valid")


def test_a_list_shows_no_key_and_no_digest() -> None:
    text = make()
    make("--json")
    key_id = str(id_of(text))
    run("revoke", key_id)
    listed = run("list", "--json").stdout
    assert text not in listed
    assert "sha256" not in listed
    states = {row["key_id"]: row["state"] for row in json.loads(listed)["keys"]}
    assert states.pop(key_id) == "revoked"
    assert list(states.values()) == ["valid"]
    assert key_id in run("list").stdout
    assert json.loads(run("list", "--workspace", "other", "--json").stdout) == {"keys": []}


def test_a_rotation_prints_the_new_key_and_the_former_one_lives_on(keys: KeyRepository) -> None:
    before = str(id_of(make()))
    answer = run("rotate", before, "--overlap", "2h")
    after = id_of(answer.stdout.strip())
    assert after not in (None, before)
    former = keys.get(before)
    assert former is not None
    assert former.expires is not None
    assert "2h" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make",), "none of create, list, revoke, rotate"),
        (("create", "--role", "read"), "--workspace NAME --role ROLE"),
        (("revoke",), "takes the id of a key"),
        (("list", "abcdefgh2345"), "takes no id"),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: tuple[str, ...], said: str) -> None:
    answer = run(*arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert said in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--workspace", "../x", "--role", "read"), "No workspace can have this name"),
        (("create", "--workspace", "acme", "--role", "owner"), "role"),
        (("create", "--workspace", "acme", "--role", "read", "--expires", "soon"), "90d"),
        (("create", "--workspace", "acme", "--role", "read", "--expires", "2001-01-01"), "later time"),
        (("revoke", "abcdefgh2345"), "regatta keys list"),
        (("rotate", "abcdefgh2345", "--overlap", "x"), "12h, 90d or 8w"),
    ],
)
def test_a_refusal_says_the_way_out(arguments: tuple[str, ...], said: str) -> None:
    answer = run(*arguments)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert said in answer.stderr


def test_the_key_in_a_file_is_sent_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_API_KEY", "another")  # and put back what the option sets
    sent: list[str | None] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            sent.append(self.headers.get("X-Api-Key"))
            self.answer(b"{}", 401)

    text = make()
    (tmp_path / "key").write_text(f"{text}\n")
    with running_server(Handler) as url:
        answer = CliRunner().invoke(app, ["--api-key-file", str(tmp_path / "key"), "files", "--url", url])
    assert sent == [text]
    assert text not in answer.output


@pytest.mark.parametrize("content", [None, "", "two words"])
def test_a_file_without_a_key_ends_the_command(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
    answer = CliRunner().invoke(app, ["--api-key-file", str(path), "files"])
    assert answer.exit_code in (1, 2)
    assert str(path) in answer.stderr
