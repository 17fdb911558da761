"""Asks a service how it is, for `regatta status` and `regatta doctor`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from infra.cli.exit_codes import ExitCode
from infra.cli.wording import in_shell_words

# Longer than a service takes to find out that its storage does not answer.
TIMEOUT_SECONDS = 15
NO_KEY = (
    "The service asks who calls, and no key was given. Put an API key into REGATTA_API_KEY, or name its file with "
    "--api-key-file; `regatta keys create --workspace NAME --role read` makes one, where the bucket is at hand."
)


@dataclass(frozen=True)
class ServiceState:
    """What a service says of itself.

    `status` is `ok`, `degraded` (a part is down, and it answers all the same), `down`, or `unreachable`; `parts` has
    the state of storage, Redis and queue, `date` is its clock. `message` says what is wrong and the way out.
    """

    url: str
    status: str
    code: ExitCode
    version: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    date: datetime | None = None
    message: str = ""


def ask(url: str) -> ServiceState:
    """Ask the service at a URL for its state."""
    from regatta import Regatta, RegattaError
    from regatta.retries import Retries

    try:
        with Regatta(url, timeout=TIMEOUT_SECONDS, retries=Retries(attempts=1)) as client:
            answer = client.request("GET", "/system/status")
    except (RegattaError, ValueError) as error:
        return _failed(url, error)
    report = answer.json()
    return ServiceState(
        url=client.url,
        status=str(report["status"]),
        code=ExitCode.OK,
        version=answer.headers.get("Regatta-Version"),
        parts=_parts(report),
        date=_date(answer.headers.get("Date")),
    )


def _failed(url: str, error: Exception) -> ServiceState:
    """Return the state of a service that does not say how it is."""
    from regatta import errors

    if isinstance(error, errors.ServerError):
        # The problem names the part that is down in fields of its own.
        return ServiceState(url, "down", ExitCode.FAILED, parts=_parts(error.problem), message=error.detail)
    if isinstance(error, errors.AuthenticationError):
        message = in_shell_words(error.detail) if os.environ.get("REGATTA_API_KEY") else NO_KEY
        return ServiceState(url, "refused", ExitCode.UNAUTHORISED, message=message)
    if isinstance(error, errors.IncompatibleServerError):
        return ServiceState(url, "incompatible", ExitCode.UNREACHABLE, error.server_version, message=str(error))
    if isinstance(error, errors.ProblemError):
        return ServiceState(url, "refused", ExitCode.FAILED, message=error.detail)
    code = ExitCode.USAGE if isinstance(error, ValueError) else ExitCode.UNREACHABLE
    # The client's message names its own argument.
    return ServiceState(url, "unreachable", code, message=str(error).replace("url=", "--url"))


def _parts(report: Mapping[str, Any]) -> dict[str, str]:
    """Return by part its state: up, down or off."""
    return {name: str(part["status"]) for name, part in report.items() if isinstance(part, dict) and "status" in part}


def _date(header: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
