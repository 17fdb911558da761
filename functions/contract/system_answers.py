"""What the operations on the service itself answer."""

from typing import Literal

from pydantic import Field

from functions.contract.answer import Answer, absent


class Index(Answer):
    """Name, version and the first links."""

    name: str
    version: str
    links: dict[str, str]


class Health(Answer):
    """The process lives."""

    status: Literal["ok"]


class Readiness(Answer):
    """The process can serve, without storage as well if it has models in memory."""

    status: Literal["ready"]
    storage: Literal["up", "down"]
    models_in_memory: int


class PartStatus(Answer):
    """Whether a part of the service answers."""

    status: Literal["up", "down", "off"]
    latency_ms: float | None = absent()


class QueueStatus(PartStatus):
    """The queue of jobs: how many messages wait, are worked on, and were given up, and which jobs are stuck."""

    depth: int | None = absent()
    in_flight: int | None = absent()
    dead_letters: int | None = absent()
    oldest_seconds: int | None = absent("how long the job has waited that waits longest")
    silent: int | None = absent("how many jobs no worker will get until they are given to the queue again")


class Lookups(Answer):
    """How often a level of the cache had what was looked for."""

    hits: int
    misses: int


class SystemStatus(Answer):
    """The state of the service."""

    status: Literal["ok", "degraded"]
    storage: PartStatus
    redis: PartStatus
    queue: QueueStatus
    cache: dict[str, Lookups] = Field(description="by level: memory, redis, storage; empty without Redis")
    index: dict[str, int | None]
