"""Reads from Redis that take no more than they are for, whatever somebody has stored there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis

# Of all fields that one command reads.
FIELDS_BYTES = 64 << 20

# Returns the fields of a hash in their order, nothing for one that is too long or comes after too many bytes.
READ_FIELDS = """
local found, left = {}, tonumber(ARGV[2])
for place = 3, #ARGV do
    local length = redis.call('HSTRLEN', KEYS[1], ARGV[place])
    if length <= tonumber(ARGV[1]) and length <= left then
        left = left - length
        found[place - 2] = redis.call('HGET', KEYS[1], ARGV[place])
    else
        found[place - 2] = false
    end
end
return found
"""

# Returns the next place of a scan, and names of fields without their values, which may be long.
SCAN_FIELDS = """
local page, names = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]), {}
for place = 1, #page[2], 2 do
    names[#names + 1] = page[2][place]
end
return {page[1], names}
"""


def read_value(client: "Redis", name: str, most_bytes: int, *, renew_seconds: int | None = None) -> bytes | None:
    """Return a value of up to `most_bytes`; None where there is none or a longer one.

    With `renew_seconds` it expires so many seconds from now.
    """
    value: Any
    if renew_seconds is None:
        value = client.getrange(name, 0, most_bytes)
    else:
        pipeline = client.pipeline(transaction=False)
        pipeline.getrange(name, 0, most_bytes)
        pipeline.expire(name, renew_seconds)
        value = pipeline.execute()[0]
    return value if 0 < len(value) <= most_bytes else None


def read_fields(client: "Redis", name: str, fields: Sequence[bytes | str], most_bytes: int) -> list[bytes | None]:
    """Return these fields of a hash, each of up to `most_bytes`; None for one that is not there or longer."""
    found: list[bytes | None] = client.eval(READ_FIELDS, 1, name, most_bytes, FIELDS_BYTES, *fields)
    return found


def scan_fields(client: "Redis", name: str, place: bytes, count: int) -> tuple[bytes, list[bytes]]:
    """Return about `count` names of the fields of a hash from a place on, and the next place; the first is `b"0"`.

    After the last ones it is `b"0"` again. A name may come twice.
    """
    found: list[Any] = client.eval(SCAN_FIELDS, 1, name, place, count)
    return found[0], found[1]
