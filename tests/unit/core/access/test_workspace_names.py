"""Which names a workspace may have, and that nothing is made of any other text."""

import json

import pytest

from core.access.workspace_names import RESERVED_NAMES, SHARED_PREFIXES, check_workspace_name, is_workspace_name
from core.errors import InvalidInputError
from core.services.series.arrivals import parse_arrival_key
from core.storage.container import container
from core.storage.job_messages import parse_message, submitter_of
from core.storage.upload_repository import upload_of

GOOD = ("default", "abc", "a-b", "000", "team-7", "a" * 40)
BAD = (
    *("", "ab", "a" * 41, "Default", "DEFAULT", "team_7", "team.7", "team 7", " default", "default ", "default\n"),
    *(
        "-team",
        "team-",
        "---",
        ".",
        "..",
        "a/b",
        "../default",
        "default/..",
        "a%2fb",
        "téam",
        "ⅳab",
        "a\0b",
        "*",
        "team*",
    ),
    *("incoming", "uploads", "queue", "unfinished", "exports", "access", "quotas", "admin", "system", "objects"),
)


@pytest.mark.parametrize("name", GOOD)
def test_good_names(name: str) -> None:
    assert check_workspace_name(name) == name
    assert container().workspace(name).name == name


@pytest.mark.parametrize("name", BAD)
def test_bad_names_make_no_workspace(name: str) -> None:
    assert not is_workspace_name(name)
    with pytest.raises(InvalidInputError) as refused:
        container().workspace(name)
    assert refused.value.errors[0]["field"] == "workspace"


@pytest.mark.parametrize("name", BAD)
def test_no_key_and_no_message_is_of_such_a_workspace(name: str) -> None:
    assert parse_message(json.dumps({"workspace": name, "job_id": "0" * 26})) is None
    assert upload_of(f"uploads/{name}/{'0' * 26}.csv") is None
    with pytest.raises(InvalidInputError):
        parse_arrival_key(f"incoming/{name}/strength/march.csv")


@pytest.mark.parametrize("job_id", ["", "../wind", "order/x", "a b", "A", "0\x00", None, {"a": 1}])
def test_no_message_is_about_a_job_whose_id_none_has(job_id: object) -> None:
    assert parse_message(json.dumps({"workspace": "wind-farm", "job_id": job_id})) is None


@pytest.mark.parametrize("body", ["[" * 100_000, "", "null", "[]", '"x"', "{"])
def test_a_message_of_another_kind_is_none(body: str) -> None:
    assert parse_message(body) is None
    assert submitter_of(body) is None


def test_a_reserved_word_is_named_as_one() -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_workspace_name("incoming", "workspace")
    assert "reserved" in refused.value.errors[0]["message"]


def test_every_shared_prefix_is_reserved() -> None:
    assert SHARED_PREFIXES <= RESERVED_NAMES
