"""The report of an arrival as a page."""

from typing import Any


def retraining_page(report: dict[str, Any]) -> str:
    return ""
