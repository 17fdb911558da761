"""How figures are written for people."""

from datetime import UTC, datetime


def number(value: float | None) -> str:
    """Return a number with four digits, or with all before its point where these are more."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def score(value: float | None) -> str:
    """Return a score such as R2."""
    return "-" if value is None else f"{value:.3f}"


def size(size_bytes: float | None) -> str:
    """Return a number of bytes."""
    if size_bytes is None:
        return "-"
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1e3:.1f} kB"


def age(created_at: str) -> str:
    """Return the time since an ISO 8601 date in its largest unit."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created_at)).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, such as "1 row" or "1,030 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
