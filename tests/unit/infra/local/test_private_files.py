"""What belongs to nobody else: files, folders, credentials and the place of the socket."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import embedded_redis, private_files
from infra.local.credentials import FILE, credentials_of
from infra.local.private_files import NotPrivateError, make_private_folder, read_private, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_whatever_the_umask_the_owner_is_alone(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    for folder in (tmp_path / "new", tmp_path / "open"):
        make_private_folder(folder)
        assert mode(folder) == 0o700
    write_private(tmp_path / "file", "secret")
    assert (mode(tmp_path / "file"), read_private(tmp_path / "file")) == (0o600, "secret")
    (tmp_path / "file").chmod(0o644)
    read_private(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o600
    assert read_private(tmp_path / "none") is None


def test_what_is_another_users_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_text("[default]\n")
    (tmp_path / "folder").mkdir()
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    with pytest.raises(NotPrivateError, match="belongs to another user"):
        credentials_of(tmp_path)
    with pytest.raises(NotPrivateError, match="belongs to another user"):
        make_private_folder(tmp_path / "folder")


def test_each_home_has_its_own_credentials_and_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, other = credentials_of(tmp_path), credentials_of(tmp_path / "other")
    assert credentials_of(tmp_path) == first
    assert len({first.access_key_id, other.access_key_id, first.secret_access_key, other.secret_access_key}) == 4
    assert len(first.secret_access_key) == 40
    assert mode(tmp_path / FILE) == 0o600


@pytest.mark.parametrize("text", ["", "garbage", "[default]\naws_access_key_id = x\n", "[other]\n"])
def test_credentials_that_cannot_be_read_are_made_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert len(credentials_of(tmp_path).secret_access_key) == 40
    assert credentials_of(tmp_path) == credentials_of(tmp_path)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files, whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_a_socket_is_in_the_home_where_its_path_fits(short: Path) -> None:
    path = embedded_redis.socket_path(short / "home")
    assert path == short / "home" / "redis" / embedded_redis.SOCKET
    assert mode(path.parent) == 0o700
    assert embedded_redis.url(path) == f"unix://{path}?db=0"


def test_a_socket_of_a_long_home_is_in_a_private_folder_that_goes_with_it(short: Path) -> None:
    home = short / ("long" * 40) / "home"
    path = embedded_redis.socket_path(home)
    assert path is not None
    assert (path.parent.parent, mode(path.parent)) == (short, 0o700)
    assert embedded_redis.socket_path(home) == path
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    embedded_redis.remove_socket(home)
    assert not path.parent.exists()


def test_a_place_that_somebody_took_is_not_used(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = short / ("long" * 40) / "home"
    taken = embedded_redis._temporary(home)
    taken.symlink_to(short / "elsewhere")
    (short / "elsewhere").mkdir()
    somebody = os.getuid() + 1
    monkeypatch.setattr(private_files, "_check_owner", _refusing(taken, somebody))
    assert embedded_redis.socket_path(home) is None
    assert embedded_redis.url(None) == ""


def _refusing(taken: Path, owner: int) -> object:
    """Return a check that takes a path for another user's."""

    def check(path: Path) -> None:
        if path == taken:
            raise NotPrivateError(f"{path} belongs to {owner}")

    return check


def test_redis_has_no_port_and_no_dangerous_command(short: Path) -> None:
    command = embedded_redis.redis(short, short / "redis.sock").command
    assert command[command.index("--port") + 1] == "0"
    assert command[command.index("--save") + 1] == ""
    assert {"-@admin", "-@dangerous", "-@scripting"} <= set(command)
