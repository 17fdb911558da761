"""How much of Redis cached objects and kept answers of a workspace take, where its quota says how much they may.

A sorted set for each such workspace has the names of objects by when they were read last, those of answers by when they
would have been if they lived as long as objects do, so that they go last, and before them, with a negative score
that no time has, the sum of their bytes. What is too much is dropped from the front: a workspace makes room among what
is its own. What the set says is believed of no other workspace's objects, and the worst that it can do is to drop some.
"""

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from core.storage.redis.keys import ANSWER_SECONDS, cached_names_key, cached_object_key, idempotent_answer_key
from core.storage.redis.redis_client import RedisClient

if TYPE_CHECKING:
    from redis import Redis

# The name of an object as a member of the set, behind its bytes.
MEMBER = re.compile(r"(\d{1,15}) (.+)", re.DOTALL)
# So many objects are dropped at a time.
MOST_DROPPED = 1_000

# KEYS[1] is the set. ARGV: now, the seconds after which an object that nobody reads expires, the member that was
# stored, its bytes, the most bytes, how many may be dropped, and the seconds after which this one expires. Returns the
# members that are to be dropped.
MAKE_ROOM = """
local now, most = tonumber(ARGV[1]), tonumber(ARGV[5])
local total = -tonumber(redis.call('ZSCORE', KEYS[1], '') or 0)
if redis.call('ZADD', KEYS[1], now - ARGV[2] + ARGV[7], ARGV[3]) == 1 then total = total + tonumber(ARGV[4]) end
redis.call('ZREM', KEYS[1], '')
local dropped = {}
while #dropped < tonumber(ARGV[6]) do
    local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    if first[1] == nil then break end
    if first[1] == ARGV[3] or total <= most and tonumber(first[2]) >= now - tonumber(ARGV[2]) then break end
    redis.call('ZREM', KEYS[1], first[1])
    total = total - (tonumber(string.match(first[1], '^%d+') or 0) or 0)
    dropped[#dropped + 1] = first[1]
end
if redis.call('ZCARD', KEYS[1]) == 1 then total = tonumber(ARGV[4]) end
redis.call('ZADD', KEYS[1], -math.max(total, 0), '')
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[7]) then redis.call('EXPIRE', KEYS[1], ARGV[7]) end
return dropped
"""
# KEYS[1] is the set. ARGV: now, the seconds after which an object that nobody reads expires, the member that was read.
TOUCH = """
redis.call('ZADD', KEYS[1], 'XX', ARGV[1], ARGV[3])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
"""


class RedisShares:
    """The shares of all workspaces."""

    def __init__(self, redis: RedisClient, ttl_seconds: int, clock: Callable[[], float] = time.time) -> None:
        """`ttl_seconds` is how long an object stays in Redis that nobody reads."""
        self._redis = redis
        self._ttl = ttl_seconds
        self._clock = clock

    def read(self, key: str, size_bytes: int) -> None:
        """Note that an object was read; `key` is its key in the bucket, `size_bytes` the size of its entry."""
        name = cached_names_key(workspace_of(key))
        member, now = f"{size_bytes} {key}", self._clock()

        self._redis.run_on(name, lambda client: client.eval(TOUCH, 1, name, now, self._ttl, member), None)

    def stored(self, key: str, size_bytes: int, most_bytes: int) -> None:
        """Count an object that was stored, and drop those of its workspace that were read longest ago."""
        self._count(workspace_of(key), key, size_bytes, most_bytes, self._ttl)

    def answered(self, workspace: str, name: str, size_bytes: int, most_bytes: int) -> None:
        """Count an answer that was stored under a key of Redis, and drop what its workspace read longest ago."""
        self._count(workspace, name, size_bytes, most_bytes, ANSWER_SECONDS)

    def drop(self, keys: list[str]) -> None:
        """Remove these objects from Redis."""
        self._drop([cached_object_key(key) for key in keys])

    def _count(self, workspace: str, key: str, size_bytes: int, most_bytes: int, lives: int) -> None:
        name = cached_names_key(workspace)
        arguments: tuple[Any, ...] = (self._clock(), self._ttl, f"{size_bytes} {key}", size_bytes, most_bytes)

        def make_room(client: "Redis") -> Any:
            return client.eval(MAKE_ROOM, 1, name, *arguments, MOST_DROPPED, lives)

        self._drop(_names_of(workspace, self._redis.run_on(name, make_room, [])))

    def _drop(self, names: list[str]) -> None:
        def drop(client: "Redis") -> None:
            # One command for each key: a cluster has them on different nodes.
            pipeline = client.pipeline(transaction=False)
            for name in names:
                pipeline.delete(name)
            pipeline.execute()

        if names:
            self._redis.run(drop, None)


def workspace_of(key: str) -> str:
    """Return the workspace of the key of an object, which begins with its name."""
    return key.partition("/")[0]


def _names_of(workspace: str, members: Iterable[bytes]) -> list[str]:
    """Return the keys of Redis of members, without what is neither an object nor an answer of the workspace."""
    found = (MEMBER.fullmatch(member.decode("utf-8", "replace")) for member in members)
    keys = [match[2] for match in found if match]
    answers = idempotent_answer_key(workspace, "")
    return [
        key if key.startswith(answers) else cached_object_key(key)
        for key in keys
        if key.startswith((answers, f"{workspace}/"))
    ]
