"""A token in Redis that tells servers whose queue is the bucket that a job was divided, and that tasks wait."""

import secrets

from core.storage.redis.bounded_reads import read_value
from core.storage.redis.keys import PROGRESS_SECONDS, division_token_key
from core.storage.redis.redis_client import RedisClient

# The longest token that is read.
TOKEN_BYTES = 64


class DivisionToken:
    """The token; without Redis it never changes, and the servers see the job when they list the queue next."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def change(self) -> None:
        """Give it another value, because a job was divided."""
        name, token = division_token_key(), secrets.token_hex(8)
        self._redis.store(name, lambda client: client.set(name, token, ex=PROGRESS_SECONDS))

    def read(self) -> bytes | None:
        """Return its value; None where there is none or no Redis."""
        name = division_token_key()
        token: bytes | None = self._redis.run_on(name, lambda client: read_value(client, name, TOKEN_BYTES), None)
        return token
