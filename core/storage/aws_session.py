"""The boto3 session of a store, which makes the clients of all services that belong to it."""

from threading import Lock
from typing import TYPE_CHECKING, Any

from core import __version__
from core.storage.aws_calls import bound_calls
from core.storage.dependency import Dependency
from core.telemetry.calls import watch_client

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config

# How long a service may take to take a connection and to answer.
CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 5.0
# botocore composes its own anew for each request, twice: 0.15 ms of the 0.8 that it computes for a small one.
USER_AGENT = f"regatta/{__version__}"


class AwsSession:
    """Makes clients one at a time, as boto3 asks for; they share the descriptions of AWS, about 8 MB of memory."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._making = Lock()
        self._session: Session | None = None

    def client(self, service: str, config: "Config", **options: Any) -> Any:
        """Return a boto3 client of a service, such as "s3"."""
        import boto3
        from botocore.config import Config

        named = config.merge(Config(user_agent=USER_AGENT))
        with self._making:
            if self._session is None:
                self._session = boto3.session.Session()
            made: Any = self._session
            return made.client(service, config=named, **options)

    def bounded_client(self, service: str, name: str, metric: str, calls: int, **options: Any) -> Any:
        """Return a boto3 client for short requests, `calls` at a time, each of which is bounded and counted.

        `name` is that of the dependency in errors, and `metric` that in metrics.
        """
        from botocore.config import Config

        retries: Any = {"total_max_attempts": 1, "mode": "standard"}
        config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=2 * ANSWER_SECONDS, retries=retries)
        client = self.client(service, config, **options)
        bound_calls(client, Dependency(name, calls=calls), lambda _: ANSWER_SECONDS)
        watch_client(client, metric)
        return client
