"""Series and the files that arrived in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regatta.answers.answer import Answer


@dataclass(frozen=True)
class Series(Answer):
    """Files that arrive one after another and train one model of the same name."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    arrivals: int = 0
    champion: int | None = None
    newest: Mapping[str, Any] | None = field(default=None, repr=False)
    # The jobs of arrivals that are not decided yet, or that were given up.
    jobs: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    # The jobs that new settings have started, by their ids.
    announced: Sequence[str] = ()


@dataclass(frozen=True)
class Arrival(Answer):
    """A file that arrived in a series, and what was decided about it."""

    job_id: str
    file_id: str
    key: str
    filename: str
    state: str
    reason: str
    learned: bool = False
    promoted: bool = False
    version: int | None = None
