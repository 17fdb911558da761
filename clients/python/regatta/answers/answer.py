"""The base of all answers: a frozen dataclass of a JSON object."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """Base of all answers."""

    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any], **more: Any) -> Self:
        """Make the dataclass of a JSON object: fields that it lacks have their defaults, others are in `raw` alone."""
        known = {f.name: raw[f.name] for f in fields(cls) if f.name != "raw" and f.name in raw}
        return cls(raw=raw, **{**known, **more})

    def __getitem__(self, name: str) -> Any:
        return self.raw[name]
