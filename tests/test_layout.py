"""Unit tests lie where their module lies: tests/unit/core/jobs/test_worker.py tests core/jobs/worker.py."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "tests/unit"
TESTS = sorted(path.relative_to(UNIT) for path in UNIT.rglob("test_*.py"))


def mirrored_paths(test: Path) -> list[Path]:
    """Return the modules and packages that a test file may be named for, without or with an aspect behind the name."""
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:end]) for end in range(len(words), 0, -1)]
    return [path for name in names for path in (test.parent / f"{name}.py", test.parent / name / "__init__.py")]


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_a_unit_test_mirrors_a_module_or_a_package(test: Path) -> None:
    assert any((ROOT / path).exists() for path in mirrored_paths(test)), (
        f"No module has the path of tests/unit/{test}. Name the file for the module that it tests, as test_<module>.py "
        "or test_<module>_<aspect>.py; a test of several modules belongs to tests/api or tests/faults."
    )


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
