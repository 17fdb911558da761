"""How much a finding matters; light enough for the functions that only show findings."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "info"]

ORDER: list[Severity] = list(get_args(Severity))


def worst_first(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings by severity; within one, in the order they came."""
    return sorted(findings, key=lambda finding: ORDER.index(finding["severity"]))
