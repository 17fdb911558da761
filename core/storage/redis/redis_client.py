"""Redis as Regatta uses it: an index and a cache that may vanish at any moment without changing an answer."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import UnavailableError
from core.storage.dependency import Call, Dependency

if TYPE_CHECKING:
    from redis import Redis

log = logging.getLogger("regatta")

CONNECT_SECONDS = 0.3
# A Redis in the same network answers in a millisecond. One that takes longer than this is slower than the bucket.
COMMAND_SECONDS = 0.5
# How many commands go on at a time.
CALLS = 24
# Everything goes on without Redis, so it is left alone after one failure.
FAILURES = 1
# Commands that take longer than this are slow, and so many in a row are a failure.
SLOW_SECONDS = 0.2
SLOW_COMMANDS = 3
# What Redis refuses is logged at most this often.
REFUSAL_LOG_SECONDS = 60.0

T = TypeVar("T")


class RedisClient:
    """Runs Redis commands; where Redis is absent, down or slow, each answers with its default instead."""

    def __init__(self, url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect to nothing yet; `url` is None where there is no Redis."""
        self._url = url
        self._clock = clock
        self._client: Redis | None = None
        self._lock = threading.Lock()
        self._dependency = Dependency(
            "Redis server", calls=CALLS, failures=FAILURES, slot_seconds=COMMAND_SECONDS, clock=clock
        )
        self._slow_commands = 0
        self._refusal_logged_at = -REFUSAL_LOG_SECONDS

    @property
    def configured(self) -> bool:
        """Return whether the settings name a Redis."""
        return self._url is not None

    def run(self, command: Callable[["Redis"], Any], default: T) -> T | Any:
        """Return the result of `command(client)`, or `default` when Redis does not answer or refuses it."""
        if self._url is None:
            return default
        try:
            call = self._dependency.begin()
        except UnavailableError:
            return default
        with call:
            return self._ask(call, command, default)

    def _ask(self, call: Call, command: Callable[["Redis"], Any], default: T) -> T | Any:
        from redis.exceptions import RedisError, ResponseError

        begun = self._clock()
        try:
            answer = command(self._connection())
        except ResponseError as error:
            self._log_refusal(error)
            answer = default
        except (RedisError, OSError) as error:
            log.warning("Redis did not answer (%s); going on without it", type(error).__name__)
            call.failed()
            return default
        if self._is_too_slow(self._clock() - begun):
            call.failed()
        else:
            call.succeeded()
        return answer

    def run_on(self, name: str, command: Callable[["Redis"], Any], default: T) -> T | Any:
        """Run a command on the value of `name` as `run` does; where that has another type, remove it first."""

        def mended(client: "Redis") -> Any:
            from redis.exceptions import ResponseError

            try:
                return command(client)
            except ResponseError as error:
                if "WRONGTYPE" not in str(error):
                    raise
                client.delete(name)
                return command(client)

        return self.run(mended, default)

    def store(self, name: str, command: Callable[["Redis"], Any]) -> None:
        """Run a command that stores a value under `name`.

        A Redis that refuses it, because it is full, loses the value that it has: nobody may read what is out of date.
        """

        def store_or_delete(client: "Redis") -> None:
            # Loaded by the first command, and never where there is no Redis: it takes half as long as a whole start.
            from redis.exceptions import ResponseError

            try:
                command(client)
            except ResponseError as error:
                self._log_refusal(error)
                client.delete(name)

        self.run(store_or_delete, None)

    def ping(self) -> bool:
        """Return whether Redis answers now, even while it is left alone after a failure."""
        self._dependency.circuit.probe_next()
        return bool(self.run(lambda client: client.ping(), False))

    def _is_too_slow(self, seconds: float) -> bool:
        """Count the slow commands in a row; return whether they are as bad as a failure."""
        self._slow_commands = 0 if seconds < SLOW_SECONDS else self._slow_commands + 1
        if self._slow_commands < SLOW_COMMANDS:
            return False
        log.warning("Redis is slow (%.2f s); going on without it", seconds)
        return True

    def _log_refusal(self, error: Exception) -> None:
        now = self._clock()
        if now - self._refusal_logged_at >= REFUSAL_LOG_SECONDS:
            self._refusal_logged_at = now
            log.warning("Redis refused a command (%s: %s); going on without it", type(error).__name__, error)

    def _connection(self) -> "Redis":
        with self._lock:
            if self._client is None:
                from redis.backoff import NoBackoff
                from redis.exceptions import ConnectionError
                from redis.retry import Retry

                from core.storage.redis.watched_redis import WatchedRedis

                assert self._url is not None
                # A connection through a file knows when the other end is gone, and does not take the option.
                options = {} if self._url.startswith("unix:") else {"socket_keepalive": True}
                self._client = WatchedRedis.from_url(
                    self._url,
                    socket_connect_timeout=CONNECT_SECONDS,
                    socket_timeout=COMMAND_SECONDS,
                    driver_info=None,  # two commands less on each new connection
                    health_check_interval=30,
                    # One retry: the first command on a socket that died while a function was frozen always fails. A
                    # time-out is not tried again: it would cost a second one.
                    retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
                    **options,
                )
            return self._client
