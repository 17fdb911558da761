"""How much a finding matters; light enough for the functions that only show findings."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "info"]

ORDER: list[Severity] = list(get_args(Severity))


def worst_first(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort findings by severity, stably."""
    return sorted(findings, key=lambda finding: ORDER.index(finding["severity"]))
