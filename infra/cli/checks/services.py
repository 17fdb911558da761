"""Checks of what answers: the storage, Redis, the service itself, and their clocks."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from core import __version__
from core.errors import RegattaError
from core.settings import Settings
from infra.cli.checks.check import Checks, broken, ok, skipped, warning
from infra.cli.exit_codes import ExitCode
from infra.cli.service_state import ask

AWS_S3 = "https://s3.amazonaws.com"
# S3 refuses requests that are signed more than 15 minutes off. Leases and presigned URLs suffer from less.
NOTABLE_SECONDS = 30
REFUSED_SECONDS = 15 * 60
CHECK_STORAGE = "Check REGATTA_S3_ENDPOINT, REGATTA_BUCKET and the AWS credentials."
# By status of a service what is to be done, where its message does not say so.
WAYS_OUT = {"down": "Look at its log, and run `regatta doctor` where it runs."}
CHECK_REDIS = "Start it, check REGATTA_REDIS_URL, or unset it to do without."

Now = Callable[[], datetime]


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def check_storage(settings: Settings, read_clock: Now = now) -> Checks:
    """Write, read and delete a small object in the bucket, and compare the clock of the storage."""
    from core.storage.container import container

    objects = container().objects
    where = f"{settings.bucket} at {settings.s3_endpoint or 'AWS'}"
    key, body = f"regatta-doctor-{uuid4()}", b"regatta doctor"
    try:
        try:
            objects.put(key, body)
            same = objects.get(key) == body
        finally:
            objects.delete([key])
    except RegattaError as error:
        yield broken("storage", f"the bucket {where} cannot be used: {error.detail}", CHECK_STORAGE)
    else:
        if same:
            yield ok("storage", f"an object was written, read and deleted in the bucket {where}")
        else:
            yield broken("storage", f"the bucket {where} returned another object than was written", CHECK_STORAGE)
    date = _date_of(settings.s3_endpoint or AWS_S3)
    if date is not None:
        yield from check_clock("storage", date, read_clock)


def check_redis(settings: Settings) -> Checks:
    """Check that the Redis of the settings answers."""
    import redis

    if settings.redis_url is None:
        yield skipped("redis", "none is set: without it every process has a cache of its own")
        return
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            found = client.info("server")
            # Of Valkey the other is that of the last Redis that it is compatible with.
            version = found.get("valkey_version") or found["redis_version"]
    except (redis.RedisError, OSError, ValueError, KeyError) as error:
        yield broken("redis", f"does not answer: {error}", CHECK_REDIS)
    else:
        yield ok("redis", f"version {version} answers")


def check_service(url: str, read_clock: Now = now) -> Checks:
    """Check that the service at a URL answers, is of this version, and has what it needs."""
    state = ask(url)
    if state.code is ExitCode.OK:
        yield ok("service", f"{state.url} answers")
    else:
        yield broken("service", state.message, WAYS_OUT.get(state.status, ""))
    for part, how in state.parts.items():
        if how == "down":
            yield broken(f"its {part}", "does not answer the service", WAYS_OUT["down"])
        elif how == "up":
            yield ok(f"its {part}", "answers the service")
        else:
            yield skipped(f"its {part}", "the service has none")
    if state.version not in (None, __version__):
        yield warning("its version", f"{state.version}, and this is {__version__}", "Install the same version here.")
    if state.date is not None:
        yield from check_clock("the service", state.date, read_clock)


def check_clock(whose: str, theirs: datetime, read_clock: Now = now) -> Checks:
    """Compare the clock of this machine with one of a Date header."""
    seconds = (read_clock() - theirs).total_seconds()
    name = "clock"
    if abs(seconds) < NOTABLE_SECONDS:
        yield ok(name, f"agrees with that of {whose}")
        return
    message = f"is {abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} that of {whose}"
    remedy = "Let both machines take their time from the network: timedatectl set-ntp true"
    yield (warning if abs(seconds) < REFUSED_SECONDS else broken)(name, message, remedy)


def _date_of(url: str) -> datetime | None:
    """Return the clock of a server by its answer, whatever it says; None where it has none."""
    try:
        with urlopen(Request(url, method="HEAD"), timeout=5) as response:  # noqa: S310 - an endpoint of the settings
            header = response.headers.get("Date")
    except HTTPError as error:
        header = error.headers.get("Date")
    except (OSError, ValueError):
        return None
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
