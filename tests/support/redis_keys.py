"""Which pattern a key in Redis has."""

import re

from core.storage.redis.keys import KEY_PATTERNS, KeyPattern

# What stands in place of each placeholder, as a regular expression.
PLACEHOLDERS = {
    "key": "[^:/]+/[^:]+",
    "workspace": "[^:/]+",
    "kind": "(?:datasets|models|jobs)",
    "job_id": "[0-9a-z]+",
    "digest": "[0-9a-f]{64}",
    "limit": "[^:/]+",
}


def patterns_of(key: str) -> list[KeyPattern]:
    """The patterns that a key matches."""
    return [pattern for pattern in KEY_PATTERNS if re.fullmatch(_expression(pattern), key)]


def _expression(pattern: KeyPattern) -> str:
    parts = re.split(r"\{(\w+)\}", pattern.pattern)
    return "".join(PLACEHOLDERS[part] if place % 2 else re.escape(part) for place, part in enumerate(parts))
