"""Functions of the same package have one copy of its code, and those of another package another one."""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from infra.local import shared_code
from infra.local.shared_code import SharedArchive, take_bytecode


def unpacked(folder: Path, code: str) -> Path:
    (folder / "code").mkdir(parents=True)
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), code)
    with SharedArchive(folder / "code.zip") as archive:
        archive.extractall(folder / "code")
    return folder / "code"


def test_functions_of_the_same_package_share_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folders = [unpacked(tmp_path / name, code) for name, code in (("a", "old"), ("b", "old"), ("c", "new"))]
    first, second, third = (folder.resolve() for folder in folders)
    assert first == second != third
    assert [(folder / "handler.py").read_text() for folder in folders] == ["old", "old", "new"]


def test_python_compiles_only_what_differs_from_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, deployed = tmp_path / "own", tmp_path / "deployed"
    for root in (own, deployed):
        (root / "core").mkdir(parents=True)
        for name in ("__init__", "same", "changed"):
            (root / "core" / f"{name}.py").write_text("x = 1\n")
    writing = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    loading = [sys.executable, "-v", "-c", "import core.same, core.changed; print(core.changed.x)"]
    subprocess.run(loading, cwd=own, env=writing, check=True, capture_output=True)
    (deployed / "core/changed.py").write_text("x = 2\n")
    for module in (deployed / "core").iterdir():
        os.utime(module, (1, 1))
    monkeypatch.setattr(shared_code, "ROOT", own)
    take_bytecode(deployed)
    done = subprocess.run(loading, cwd=deployed, env=writing, check=True, capture_output=True, text=True)
    assert done.stdout == "2\n"
    taken = [line for line in done.stderr.splitlines() if str(deployed) in line and " matches " in line]
    assert [Path(line.split()[-1]).name for line in taken] == ["__init__.py", "same.py"]
