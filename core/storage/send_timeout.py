"""Let a boto3 client wait for a service that is slow to take a body as long as for its answer.

urllib3 limits the sending of a request by the time-out for connecting, at least at a new connection. A service that
writes what it has got before it reads on would be given up after that.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient


def send_patiently(client: "BaseClient") -> None:
    """Limit each write of a request by its read time-out, which `bound_calls` sets from the deadline of its caller."""
    from botocore.awsrequest import (
        AWSHTTPConnection,
        AWSHTTPConnectionPool,
        AWSHTTPSConnection,
        AWSHTTPSConnectionPool,
    )

    # boto3 has no setting for it: the pools of its manager make the connections.
    manager: Any = client._endpoint.http_session._manager  # type: ignore[attr-defined]
    manager.pool_classes_by_scheme = {
        "http": _patient_pool(AWSHTTPConnectionPool, AWSHTTPConnection),
        "https": _patient_pool(AWSHTTPSConnectionPool, AWSHTTPSConnection),
    }


def _patient_pool(pool: Any, connection: Any) -> Any:
    """Return the class of a pool whose connections send as patiently as they read."""

    class PatientConnection(connection):  # type: ignore[misc]
        send_seconds: float | None = None

        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(self.send_seconds)

    class PatientPool(pool):  # type: ignore[misc]
        ConnectionCls = PatientConnection

        def _make_request(self, conn: Any, *arguments: Any, **options: Any) -> Any:
            conn.send_seconds = self._get_timeout(options.get("timeout")).read_timeout
            if conn.sock is not None:
                conn.sock.settimeout(conn.send_seconds)
            return super()._make_request(conn, *arguments, **options)

    return PatientPool
