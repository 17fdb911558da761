"""How much a finding matters; light enough for the functions that only show findings."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "info"]

ORDER: list[Severity] = list(get_args(Severity))


# Of the same severity these come first: what makes a score wrong, rather than a little better or worse.
LEADING = ("leakage", "sentinel", "zeros", "mixed-type", "ordered-in-time")


def worst_first(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort findings by severity, then by whether their kind is one of `LEADING`, stably."""
    return sorted(findings, key=_badness)


def _badness(finding: dict[str, Any]) -> tuple[int, int]:
    kind = finding.get("kind")
    return ORDER.index(finding["severity"]), LEADING.index(kind) if kind in LEADING else len(LEADING)
