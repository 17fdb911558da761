"""A Redis whose commands are measured one by one, by their names. It loads redis-py, so it is imported on first use."""

from typing import Any

from redis import Redis
from redis.client import Pipeline

from core.telemetry.calls import watched

DEPENDENCY = "redis"


class WatchedRedis(Redis):
    """A Redis whose commands have a line each at DEBUG: `GET`, `HSET`, but neither keys nor values."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command; raises as `Redis` does."""
        with watched(DEPENDENCY, str(args[0])):
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Return a pipeline that has one line for all of its commands."""
        return _WatchedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _WatchedPipeline(Pipeline):
    def execute(self, raise_on_error: bool = True) -> list[Any]:
        names = dict.fromkeys(str(args[0]) for args, _ in self.command_stack)
        with watched(DEPENDENCY, "+".join(names)):
            return super().execute(raise_on_error)
