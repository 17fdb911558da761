"""Programs that stand where real ones would, and note what they were told."""

from pathlib import Path


def make_fake_programs(folder: Path, *names: str) -> Path:
    """Make them in `folder`, which is returned; each writes its arguments to `orders` there, and fails at `$FAILS`."""
    folder.mkdir(exist_ok=True)
    for name in names:
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/orders\n[ "$1" != "$FAILS" ]\n')
        program.chmod(0o755)
    return folder
