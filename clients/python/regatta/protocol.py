"""What an answer means, without any I/O: a success, or one typed exception that says the way out."""

import re
from contextlib import suppress
from typing import Any

import httpx

from regatta import __version__
from regatta.address import Address, shown
from regatta.errors import (
    PREFIX,
    IncompatibleServerError,
    NotRegattaError,
    ProblemError,
    RedirectTargetUnreachable,
    RegattaError,
    ServerError,
    UnreachableError,
    problem_error,
)
from regatta.signatures import hide_signatures

hide_signatures()

VERSION_HEADER = "Regatta-Version"
VERSION = re.compile(r"\d+\.\d")
RETRY_AFTER = "Retry-After"
# How many redirects lead to a file before they are a loop.
MOST_HOPS = 5
GATEWAY_STATUSES = frozenset({429, 502, 503, 504})


def unreachable(address: Address, error: httpx.TransportError) -> UnreachableError:
    """Return the exception for a host that does not answer, or not in time."""
    place = address.shown
    with suppress(RuntimeError):
        place = place if address.owns(error.request.url) else f"{error.request.url.scheme}://{error.request.url.host}"
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError):
        return UnreachableError(
            f"{place} broke off the connection ({reason}). Call again; if it stays so, look at the log of the service "
            "and at the proxies before it."
        )
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        way_out = "A larger timeout= waits longer."
    elif "SSL" in reason:
        way_out = "Write http:// or https:// in url= or REGATTA_URL as the service has it, with a certificate to trust."
    else:
        way_out = "Start the service with `regatta up`, or name another one with url= or REGATTA_URL."
    return UnreachableError(f"{place} does not answer ({reason}). {way_out}")


def error_of(address: Address, response: httpx.Response) -> RegattaError | None:
    """Return the exception that an answer stands for, None for a success. The body of an error has been read."""
    version = response.headers.get(VERSION_HEADER)
    if version is not None and not VERSION.match(version):
        return unreadable(address, f"its header {VERSION_HEADER} is {version!r}", response.status_code)
    if version is not None and release(version) != release(__version__):
        return _incompatible(address, version)
    status = response.status_code
    if status < 400 and version is not None:
        return None
    if status < 400:
        return _foreign(address, response)
    error = _refusal(address, response)
    if isinstance(error, ProblemError):
        error.retry_after = response.headers.get(RETRY_AFTER)
    return error


def release(version: str) -> str:
    """Return what has to be equal of two versions: the first number, and before 1.0 the second one too."""
    major, _, rest = version.partition(".")
    return f"0.{rest.partition('.')[0]}" if major == "0" else major


def json_object(address: Address, response: httpx.Response) -> dict[str, Any]:
    """Return the object that is the body of an answer; raises `NotRegattaError` for any other body."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise unreadable(address, "the body is no JSON object", response.status_code)


def unreadable(address: Address, reason: str, status: int | None = None) -> NotRegattaError:
    """Return the exception for an answer that has the header of a service, and that no service has written."""
    message = (
        f"{address.shown} sent an answer that cannot be read: {reason}. Look at the proxies before the service, and "
        "whether url= or REGATTA_URL is right."
    )
    return NotRegattaError(message, status)


def redirect_target(address: Address, response: httpx.Response, hops: int) -> httpx.URL:
    """Return the URL of the file that an answer points at, after `hops` others; raises `NotRegattaError`."""
    if hops >= MOST_HOPS:
        raise unreadable(address, f"it redirected {hops} times", response.status_code)
    try:
        return response.url.join(response.headers["Location"])
    except (KeyError, httpx.InvalidURL):
        raise unreadable(address, "it redirects and does not say where to", response.status_code) from None


def file_refused(response: httpx.Response) -> ServerError:
    """Return the exception for a bucket that does not send a file."""
    detail = (
        f"{response.url.host} does not send the file ({response.status_code}). Its URL works for an hour: ask again."
    )
    return ServerError({"detail": detail}, response.status_code)


def file_host_unreachable(url: httpx.URL, error: httpx.TransportError) -> RedirectTargetUnreachable:
    """Return the exception for a presigned URL whose host cannot be reached from here."""
    reason = str(error) or type(error).__name__
    return RedirectTargetUnreachable(
        f"The service refers to a file at {url.host}, which cannot be reached from here ({reason}). The address of the "
        "object store has to be one that its clients reach: on a stack of your own see REGATTA_S3_ENDPOINT.",
        url.host,
    )


def _incompatible(address: Address, version: str) -> IncompatibleServerError:
    message = (
        f"{address.shown} is Regatta {version}, and this client is of version {__version__}. Install the client of "
        f"the service: pip install 'regatta[client]=={version}'"
    )
    return IncompatibleServerError(message, __version__, version)


def _foreign(address: Address, response: httpx.Response) -> NotRegattaError:
    """Return the exception for an answer that is none of Regatta's."""
    status, target = response.status_code, response.headers.get("Location")
    if response.is_redirect and target:
        place = shown(response.url.join(target))
        message = f"{address.shown} redirects to {place}. If that is Regatta, use it as url= or REGATTA_URL."
        return NotRegattaError(message, status)
    kind = response.headers.get("Content-Type", "something").partition(";")[0]
    message = (
        f"{address.shown} answered {status} with {kind}, and not as Regatta does. Check url= or REGATTA_URL, the "
        "prefix of the path, and whether a proxy answers in its place."
    )
    return NotRegattaError(message, status)


def _refusal(address: Address, response: httpx.Response) -> RegattaError:
    """Return the exception for an answer of 400 and above: of the service, a gateway, a proxy or another program."""
    status, problem = response.status_code, _problem(response)
    said = problem.get("detail") or problem.get("message")
    if status in (401, 403):
        way_out = "Send the right key with api_key= or REGATTA_API_KEY."
        detail = f"{address.shown} refuses the request: {str(said or f'status {status}').rstrip('.')}. {way_out}"
        return problem_error({**problem, "detail": detail}, status)
    if str(problem.get("type", "")).startswith(PREFIX):
        return problem_error(problem, status)
    if VERSION_HEADER in response.headers or status in GATEWAY_STATUSES:
        unexplained = (
            f"{address.shown} answered {status} and no reason. The log of the service or of the gateway says more."
        )
        return problem_error({**problem, "detail": str(said or unexplained)}, status)
    return _foreign(address, response)


def _problem(response: httpx.Response) -> dict[str, Any]:
    """Return the body if it is a JSON object, else an empty one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
