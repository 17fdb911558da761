"""How much a finding matters; light enough for the functions that only show findings."""

from collections.abc import Iterable
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "info"]

ORDER: list[Severity] = list(get_args(Severity))


# These come first after errors, warnings or not: what makes a score wrong, rather than a little better or worse.
LEADING = ("leakage", "sentinel", "zeros", "mixed-type", "ordered-in-time")


def worst_first(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort findings stably: errors, those of the kinds in `LEADING`, the other warnings, the other notes."""
    return sorted(findings, key=_badness)


def _badness(finding: dict[str, Any]) -> tuple[bool, int, int]:
    kind, severity = finding.get("kind"), finding["severity"]
    return severity != "error", LEADING.index(kind) if kind in LEADING else len(LEADING), ORDER.index(severity)
