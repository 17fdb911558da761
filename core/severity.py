"""How much a finding matters, and which are one; light enough for the functions that only show findings."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal, get_args

Severity = Literal["error", "warning", "info"]

ORDER: list[Severity] = list(get_args(Severity))


# These come first after errors, warnings or not: what makes a score wrong, rather than a little better or worse.
LEADING = ("leakage", "sentinel", "zeros", "mixed-type", "ordered-in-time")
# More findings of one kind are one to a reader.
MOST_ALONE = 3


def worst_first(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort findings stably: errors, those of the kinds in `LEADING`, the other warnings, the other notes.

    That an identifier may be in the order of time does not lead.
    """
    found = list(findings)
    identifiers = {finding["column"] for finding in found if finding.get("kind") == "identifier"}

    def badness(finding: dict[str, Any]) -> tuple[bool, int, int]:
        kind, severity = finding.get("kind"), finding["severity"]
        leads = kind in LEADING and finding["column"] not in identifiers
        return severity != "error", LEADING.index(str(kind)) if leads else len(LEADING), ORDER.index(severity)

    return sorted(found, key=badness)


def grouped(findings: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return findings as people read them: more than three columns of one kind together, where the first stands.

    `views/data/overview.js` of the console does the same.
    """
    found = [((finding["severity"], finding["kind"]), finding) for finding in findings]
    counts = Counter(kind for kind, finding in found if finding["column"] is not None)
    groups: dict[object, list[dict[str, Any]]] = {}
    for position, (kind, finding) in enumerate(found):
        is_alone = finding["column"] is None or counts[kind] <= MOST_ALONE
        groups.setdefault(position if is_alone else kind, []).append(finding)
    return list(groups.values())
