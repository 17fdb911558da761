"""A forked function is a process of its own in all but what it has loaded already."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import forked_functions
from infra.local.forked_functions import HEAVY_MODULES, LIGHT_MODULES, ForkedFunction, ForkServer, ForkServers
from infra.paths import ROOT

TELL = """
import json, os, sys
line = sys.stdin.readline()
print("logged", file=sys.stderr, flush=True)
settings = sys.modules["core.settings"].settings.cache_info().currsize
loaded = ["sklearn" in sys.modules, settings]
print(json.dumps([line.strip(), os.getcwd(), dict(os.environ), sys.argv, loaded]), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    own = ForkServer(ROOT, (*HEAVY_MODULES, *LIGHT_MODULES))
    yield own
    own.close()


def started(server: ForkServer | ForkServers, folder: Path, text: str, **options: Any) -> ForkedFunction:
    script = folder / "script.py"
    script.write_text(text)
    return server.start(str(script), folder, {"NAME": "value"}, **options)


def finish(process: ForkedFunction) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()
    process.wait(60)


def test_it_has_its_streams_its_folder_and_its_environment_alone(server: ForkServer, tmp_path: Path) -> None:
    process = started(server, tmp_path, TELL)
    process.stdin.write("line\n")
    told = json.loads(process.stdout.readline())
    assert told[:4] == ["line", str(tmp_path), {"NAME": "value"}, [str(tmp_path / "script.py")]]
    assert process.stderr.readline() == "logged\n"
    finish(process)


def test_it_is_shown_by_the_name_of_its_function(server: ForkServer, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; print(open('/proc/self/comm').read().strip(), flush=True); sys.stdin.readline()")
    process = server.start(str(script), tmp_path, {"AWS_LAMBDA_FUNCTION_NAME": "regatta-worker"})
    assert process.stdout.readline() == "regatta-worker\n"
    finish(process)


def test_what_is_loaded_ahead_has_read_no_setting(server: ForkServer, tmp_path: Path) -> None:
    process = started(server, tmp_path, TELL)
    process.stdin.write("\n")
    assert json.loads(process.stdout.readline())[4] == [True, 0]
    finish(process)


def test_it_runs_until_it_has_ended(server: ForkServer, tmp_path: Path) -> None:
    process = started(server, tmp_path, TELL)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.poll() == 0
    process.kill()  # does nothing
    finish(process)


@pytest.mark.parametrize("end", [ForkedFunction.terminate, ForkedFunction.kill])
def test_a_signal_ends_it(server: ForkServer, tmp_path: Path, end: Any) -> None:
    process = started(server, tmp_path, TELL)
    end(process)
    assert process.wait(60) == 0
    finish(process)


def test_it_ends_with_a_traceback_where_its_script_fails(server: ForkServer, tmp_path: Path) -> None:
    process = started(server, tmp_path, "raise ValueError('a reason')")
    assert "ValueError: a reason" in process.stderr.read()
    finish(process)


def test_where_the_server_was_killed_the_next_function_gets_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked_functions, "LIGHT_MODULES", ())
    servers = ForkServers()
    finish(started(servers, tmp_path, "", is_heavy=False))
    parent = next(iter(servers._servers.values()))._process
    parent.kill()
    parent.wait()
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(OSError, match=r"ended|pipe"):
        started(servers, tmp_path, "", is_heavy=False)
    assert len(list(Path("/dev/fd").iterdir())) < before  # none is left of what failed
    finish(started(servers, tmp_path, "", is_heavy=False))
    servers.close()
