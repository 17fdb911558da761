"""How the service is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regatta.answers.answer import Answer
from regatta.html import pairs


@dataclass(frozen=True)
class Status(Answer):
    """How the service is: `ok`, or `degraded` without Redis or queue."""

    status: str
    storage: Mapping[str, Any] = field(default_factory=dict)
    redis: Mapping[str, Any] = field(default_factory=dict)
    queue: Mapping[str, Any] = field(default_factory=dict)
    cache: Mapping[str, Any] = field(default_factory=dict, repr=False)
    index: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _repr_html_(self) -> str:
        """Return the status as a notebook shows it."""
        return pairs(f"Regatta is {self.status}", {"storage": self.storage, "redis": self.redis, "queue": self.queue})
