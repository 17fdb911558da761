"""The memory that a process may use: as set, of its function, of its container, or of the machine."""

from pathlib import Path

import pytest

from core import machine_memory
from core.machine_memory import memory_bytes, training_bytes
from core.settings import MIB, settings


def test_a_function_has_what_lambda_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008")
    assert memory_bytes() == training_bytes() == 3008 * MIB


def test_a_container_has_its_limit_and_an_unlimited_one_what_the_machine_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine_memory, "CGROUP_LIMITS", (limit,))
    machine = memory_bytes()
    for text, expected in (("1048576\n", MIB), ("max\n", machine), ("9223372036854771712\n", machine)):
        limit.write_text(text)
        assert memory_bytes() == expected


def test_a_setting_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGATTA_TRAINING_MEMORY_BYTES", "1000")
    settings.cache_clear()
    assert training_bytes() == 1000
