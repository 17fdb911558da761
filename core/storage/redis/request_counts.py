"""Where several servers count requests together: the rates and quotas of keys and workspaces.

Everything is by the clock of Redis. What somebody else has stored under a key is worth no more than the limit: each
server counts its own requests besides.
"""

import time
from typing import TYPE_CHECKING

from core.access.shared_counts import Leased, Limit
from core.storage.redis.keys import request_count_key
from core.storage.redis.redis_client import RedisClient

if TYPE_CHECKING:
    from redis import Redis

DAY_SECONDS = 86_400
# How long a rate is kept after its bucket is full.
KEPT_SECONDS = 60

# Reads the number of KEYS[1], 0 where it has none. Behind it is the key, so that no other value is taken for it.
READ = """
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then redis.call('DEL', KEYS[1]) end
local own = ' ' .. KEYS[1]
local text = redis.call('GETRANGE', KEYS[1], 0, #own + 40)
local number = string.sub(text, -#own) == own and tonumber(string.sub(text, 1, -#own - 1)) or 0
if not (number >= 0 and number < 1e15) then number = 0 end
"""
# The number is the time at which a token bucket is full again (see core.access.allowances). ARGV: how many requests are
# asked for, how many the bucket holds, the seconds until one more comes, and for how long the key stays. Returns how
# many were taken, and the seconds until there is one.
TAKE_RATE = f"""{READ}
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local asked, holds, each = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ahead = number - now
if ahead < 0 or ahead > (holds + 1) * each then ahead = 0 end
local taken = math.min(asked, math.floor(holds - ahead / each + 0.000001))
if taken < 1 then return {{0, string.format('%.6f', ahead + each - holds * each)}} end
redis.call('SET', KEYS[1], string.format('%.6f', now + ahead + taken * each) .. own, 'EX', ARGV[4])
return {{taken, '0'}}
"""
# The number is that of the requests of a day. ARGV: how many are asked for, how many the day has, and for how long the
# key stays. Returns how many were taken.
TAKE_OF_DAY = f"""{READ}
local taken = math.floor(math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - number))
if taken < 1 then return 0 end
redis.call('SET', KEYS[1], string.format('%.0f', number + taken) .. own, 'EX', ARGV[3])
return taken
"""


class RequestCounts:
    """The requests that all servers have counted; a `SharedCounts`."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    def lease(self, limit: Limit, requests: int) -> Leased | None:
        """Take up to so many requests of a limit; None where Redis does not answer."""
        found: Leased | None = self._redis.run(lambda client: _lease(client, limit, requests), None)
        return found


def _lease(client: "Redis", limit: Limit, requests: int) -> Leased:
    key = request_count_key(limit.workspace, limit.name if limit.day is None else f"{limit.name}.{limit.day}")
    if limit.day is None:
        seconds = min(DAY_SECONDS, int(limit.requests * limit.each) + KEPT_SECONDS)
        taken, wait = client.eval(TAKE_RATE, 1, key, requests, limit.requests, limit.each, seconds)
        return Leased(int(taken), float(wait))
    taken = int(client.eval(TAKE_OF_DAY, 1, key, requests, limit.requests, DAY_SECONDS))
    return Leased(taken, 0.0 if taken else (limit.day + 1) * DAY_SECONDS - time.time())
