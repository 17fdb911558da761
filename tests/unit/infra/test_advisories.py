"""An audit that could look nothing up says so; only a vulnerability fails it."""

import json
import subprocess
from typing import Any

import pytest

from infra import advisories

VULNERABLE = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
SAFE = {"name": "b", "version": "1", "vulns": []}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1)"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SAFE], 0, "1 packages were checked"),
        ([VULNERABLE, SAFE], 1, "a 1: CVE-1, fixed in 2"),
        ([SKIPPED, SKIPPED], 0, "*** NOT CHECKED"),
        ([SKIPPED, SAFE], 0, "*** 1 of 2 packages were NOT CHECKED"),
        ([SKIPPED, VULNERABLE], 1, "CVE-1"),
    ],
)
def test_what_was_not_looked_up_is_said(
    packages: list[Any], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advisories.report(json.dumps({"dependencies": packages})) == status
    assert said in capsys.readouterr().out


def test_a_source_that_hangs_keeps_nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def hang(*_: Any, timeout: float, **__: Any) -> None:
        raise subprocess.TimeoutExpired("pip-audit", timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    assert advisories.main(["requirements/light.txt"]) == 0
    assert "NOT CHECKED" in capsys.readouterr().out
