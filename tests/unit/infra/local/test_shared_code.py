"""Functions of the same package have one copy of its code, and those of another package another one."""

import tempfile
from pathlib import Path

import pytest

from infra.local.shared_code import share_code


def unpacked(folder: Path, code: str) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "code.zip").write_text(code)
    (folder / "code/handler.py").write_text(code)
    return folder / "code"


def test_functions_of_the_same_package_share_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folders = [unpacked(tmp_path / name, code) for name, code in (("a", "old"), ("b", "old"), ("c", "new"))]
    for folder in folders:
        share_code(folder)
    first, second, third = (folder.resolve() for folder in folders)
    assert first == second != third
    assert [(folder / "handler.py").read_text() for folder in folders] == ["old", "old", "new"]
