"""The job of an arrival: ingested, compared with what came before, learned from, and promoted or not."""

from typing import Any

from core.errors import UnavailableError
from core.progress import Tell

Json = dict[str, Any]


def retrain(workspace: str, order: Json, tell: Tell, job_id: str | None) -> Json:
    """Deal with one arrival."""
    raise UnavailableError("Being written.")
