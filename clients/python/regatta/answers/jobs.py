"""Long work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regatta.answers.answer import Answer

OVER = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class Job(Answer):
    """Long work of the service. `result` is the answer of the call, once it has `succeeded`."""

    job_id: str
    kind: str
    status: str
    stage: str = ""
    progress: float = 0.0
    created_at: str = ""
    result: Mapping[str, Any] | None = field(default=None, repr=False)
    error: Mapping[str, Any] | None = None
    # The leaderboard so far, while models are compared.
    standings: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more happens: it has succeeded, failed, or was cancelled."""
        return self.status in OVER
