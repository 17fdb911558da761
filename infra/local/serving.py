"""Serves with many workers from any S3 endpoint and any Redis: checks both, then starts the workers."""

import os
import socket
from collections.abc import Callable

import boto3
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import RegattaError, UnavailableError
from core.settings import Settings, settings
from core.storage.s3.object_store import ObjectStore
from core.storage.signing import check_keys
from core.storage.sqs_queue import SqsQueue
from core.telemetry.log import set_up_log
from functions.browser_origin import is_loopback
from infra.buckets import bucket_exists
from infra.local.web import WebServer


class ServingError(Exception):
    """Storage is not usable; the message names the setting to change."""


def check(settings: Settings) -> str | None:
    """Create the bucket if it does not exist; return a warning if Redis does not answer or is not set.

    Raises `ServingError` that names REGATTA_S3_ENDPOINT, REGATTA_BUCKET, the queue, or the setting of a key.
    """
    try:
        check_keys()
    except RegattaError as error:
        raise ServingError(str(error)) from error
    _check_bucket(settings)
    _check_queue(settings)
    if settings.redis_url is None:
        return "REGATTA_REDIS_URL is not set: without Redis every worker keeps its own cache."
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return f"Redis does not answer ({error}). Serving without it; check REGATTA_REDIS_URL."
    return None


def exposure(settings: Settings, host: str, port: int) -> str | None:
    """Return a warning where other machines reach an address and nobody is asked who they are; None elsewhere.

    Raises `ServingError` unless REGATTA_AUTH says that this is meant, and for authentication that a server cannot do.
    """
    if settings.auth == "iam":
        raise ServingError("REGATTA_AUTH=iam is for API Gateway alone. A server takes keys, oidc or keys,oidc.")
    if "oidc" in settings.auth and (settings.oidc_issuer is None or settings.oidc_audience is None):
        raise ServingError("REGATTA_AUTH=oidc takes REGATTA_OIDC_ISSUER and REGATTA_OIDC_AUDIENCE as well.")
    if settings.auth not in ("none", "none-i-know"):
        return None
    addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port)]
    if all(map(is_loopback, addresses)):
        return None
    exposed = f"Whoever reaches port {port} of {host} can read, change and delete everything: nobody is authenticated."
    if settings.auth == "none":
        raise ServingError(
            f"{exposed} Set REGATTA_AUTH=keys and make a key with `regatta keys create`, or listen at 127.0.0.1. Where "
            "a proxy authenticates and nobody can go around it, REGATTA_AUTH=none-i-know lets it serve."
        )
    return f"{exposed} REGATTA_AUTH=none-i-know says that this is meant."


def serve(workers: int, host: str, port: int, report: Callable[[str], None]) -> int:
    """Serve at an address until SIGTERM or Ctrl-C; a worker that dies is replaced. Return the exit status."""
    set_up_log(settings().log_level)
    server = WebServer(host, port, workers)
    shown = f"[{host}]" if ":" in host else host
    report(f"Serving at http://{shown}:{port} with {workers} workers (process {os.getpid()}). Ctrl-C stops it.")
    return server.run()


def _check_bucket(settings: Settings) -> None:
    where = settings.s3_endpoint or "AWS"
    try:
        s3 = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            config=Config(s3={"addressing_style": "path"}, connect_timeout=3, retries={"total_max_attempts": 2}),
        )
        if bucket_exists(s3, settings.bucket):
            return
        s3.create_bucket(Bucket=settings.bucket, **_location(s3.meta.region_name))
    except ClientError as error:
        raise ServingError(
            f"The bucket {settings.bucket} cannot be used at {where}: {error}. Check REGATTA_BUCKET."
        ) from error
    except (BotoCoreError, ValueError) as error:
        raise ServingError(
            f"S3 cannot be reached at {where}: {error}. Check REGATTA_S3_ENDPOINT and the AWS credentials."
        ) from error


def _check_queue(settings: Settings) -> None:
    if settings.jobs_queue_url is None or not settings.run_jobs:
        return
    queue = SqsQueue(settings.jobs_queue_url, ObjectStore(settings.bucket, settings.s3_endpoint))
    try:
        has_dead_letters = queue.has_dead_letters()
    except UnavailableError as error:
        raise ServingError(
            f"The queue {queue.url} cannot be used. Check REGATTA_JOBS_QUEUE_URL, AWS_REGION and the AWS credentials."
        ) from error
    if not has_dead_letters:
        raise ServingError(
            f"The queue {queue.url} has no redrive policy, so a message that nobody can process would come again and "
            "again. Set its RedrivePolicy to a queue of dead letters, with a maxReceiveCount of 5."
        )


def _location(region: str | None) -> dict[str, dict[str, str]]:
    """Return the arguments of create_bucket for a region: S3 requires its name everywhere but in us-east-1."""
    if region in (None, "us-east-1"):
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}
