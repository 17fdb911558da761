"""Redis as Regatta uses it: an index and a cache that may vanish at any moment without changing an answer."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from redis import Redis

log = logging.getLogger("regatta")

# After a failure Redis is left alone this long, so an outage costs one time-out a second and not one for each call.
PAUSE_SECONDS = 1.0
CONNECT_SECONDS = 0.3
COMMAND_SECONDS = 1.0

T = TypeVar("T")


class RedisClient:
    """Runs Redis commands; where Redis is absent, down or slow, each answers with its default instead."""

    def __init__(self, url: str | None) -> None:
        """Connect to nothing yet; `url` is None where there is no Redis."""
        self._url = url
        self._client: Redis | None = None
        self._lock = threading.Lock()
        self._paused_until = 0.0

    @property
    def configured(self) -> bool:
        """Return whether the settings name a Redis."""
        return self._url is not None

    def run(self, command: Callable[["Redis"], Any], default: T) -> T | Any:
        """Return the result of `command(client)`, or `default` when Redis does not answer."""
        if self._url is None or time.monotonic() < self._paused_until:
            return default
        from redis.exceptions import RedisError

        try:
            return command(self._connection())
        except (RedisError, OSError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            log.warning("Redis did not answer (%s); going on without it", type(error).__name__)
            return default

    def ping(self) -> bool:
        """Return whether Redis answers now, even while it is left alone after a failure."""
        self._paused_until = 0.0
        return bool(self.run(lambda client: client.ping(), False))

    def _connection(self) -> "Redis":
        with self._lock:
            if self._client is None:
                from redis import Redis
                from redis.backoff import NoBackoff
                from redis.retry import Retry

                assert self._url is not None
                self._client = Redis.from_url(
                    self._url,
                    socket_connect_timeout=CONNECT_SECONDS,
                    socket_timeout=COMMAND_SECONDS,
                    socket_keepalive=True,
                    health_check_interval=30,
                    # One retry: the first command on a socket that died while a function was frozen always fails.
                    retry=Retry(NoBackoff(), 1),
                )
            return self._client
