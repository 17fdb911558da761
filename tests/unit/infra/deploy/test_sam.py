"""`regatta deploy --aws` says what is missing before it does anything. tests/localstack has the rest."""

from pathlib import Path

import pytest

from core.setting_forms import AUTH
from infra.deploy import sam
from infra.deploy.deployment import AUTHORIZERS, DeployError, auth_parameter, with_authorizer
from tests.support.fake_programs import make_fake_programs


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs called sam and docker, and no AWS account; the file that they record their arguments in."""
    monkeypatch.setattr(sam, "CHECKOUT_TOOLS", tmp_path / "none")
    monkeypatch.setenv("PATH", f"{make_fake_programs(tmp_path, 'sam', 'docker')}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "calls"


@pytest.mark.parametrize("tool", ["sam", "docker"])
def test_a_missing_tool_is_named_with_its_source(calls: Path, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"sam": "docker", "docker": "sam"}[tool]
    monkeypatch.setenv("PATH", str(make_fake_programs(calls.parent / "less", other)))
    with pytest.raises(DeployError, match=f"There is no {tool} on PATH.*Install it"):
        sam.deploy("mine", {})
    assert not calls.exists()


def test_who_may_call_has_to_be_said(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam, "_previous", dict)
    with pytest.raises(DeployError, match="--auth keys"):
        sam.deploy("mine", {})
    with pytest.raises(DeployError, match="Auth=nobody is none of keys, "):
        with_authorizer({"Auth": "nobody"})
    assert with_authorizer({"Auth": "none-i-know"})["Authorizer"] == ""
    assert not calls.exists()


def test_who_and_where_have_to_be_known(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeployError, match="aws configure"):
        sam.deploy("mine", {})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(DeployError, match="AWS_DEFAULT_REGION"):
        sam.deploy("mine", {})
    assert not calls.exists()


@pytest.mark.parametrize("auth", ["none", "none-i-know", "iam", "keys", "oidc", "keys,oidc", "oidc, keys"])
def test_every_way_to_ask_who_calls_is_a_value_of_the_parameter(auth: str) -> None:
    assert AUTH.read(auth) == auth
    assert auth_parameter(auth) in AUTHORIZERS
