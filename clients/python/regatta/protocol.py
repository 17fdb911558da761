"""What an answer of the service means, without any I/O: success, one typed exception, or another attempt."""

from typing import Any

import httpx

from regatta import __version__
from regatta.address import Address
from regatta.errors import (
    PREFIX,
    AuthenticationError,
    IncompatibleServerError,
    NotRegattaError,
    RegattaError,
    UnreachableError,
    problem_error,
)

VERSION_HEADER = "Regatta-Version"


def unreachable(address: Address, error: httpx.TransportError) -> UnreachableError:
    """Return the exception for an address at which nothing answers, or not in time."""
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        way_out = "Is it overloaded, or another program's port? `timeout=` waits longer."
    else:
        way_out = "Start it with `regatta up`, or name another one with url= or REGATTA_URL."
    return UnreachableError(f"{address.shown} does not answer ({reason}). {way_out}")


def error_of(address: Address, response: httpx.Response) -> RegattaError | None:
    """Return the exception that an answer stands for, None for one of Regatta's successes. Its body has been read."""
    status = response.status_code
    version = response.headers.get(VERSION_HEADER)
    if version is not None and release(version) != release(__version__):
        return IncompatibleServerError(
            f"{address.shown} is Regatta {version}, and this client is {__version__}. Install the client of the "
            f"service's version: pip install 'regatta[client]=={version}'",
            __version__,
            version,
        )
    if status < 400:
        return None
    problem = _problem(response)
    if status in (401, 403):
        return AuthenticationError({**problem, "detail": _explain_refusal(address, status, problem)}, status)
    if problem.get("type", "").startswith(PREFIX):
        return problem_error(problem, status)
    if version is None and "html" in response.headers.get("Content-Type", ""):
        return NotRegattaError(
            f"{address.shown} answered {status} with an HTML page, as a proxy or another program does. "
            "Check url= or REGATTA_URL, and the settings of the proxy.",
            status,
        )
    detail = problem.get("detail") or problem.get("message") or f"{address.shown} answered {status}."
    return problem_error({**problem, "detail": str(detail)}, status)


def release(version: str) -> str:
    """Return what has to be equal of two versions: the first number, and before 1.0 the second one too."""
    major, _, rest = version.partition(".")
    return f"0.{rest.partition('.')[0]}" if major == "0" else major


def _problem(response: httpx.Response) -> dict[str, Any]:
    """Return the body if it is a JSON object, else an empty one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _explain_refusal(address: Address, status: int, problem: dict[str, Any]) -> str:
    said = problem.get("detail") or problem.get("message") or f"status {status}"
    return f"{address.shown} refuses the key ({said}). Send the right one with api_key= or REGATTA_API_KEY."
