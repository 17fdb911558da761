"""The service that a command talks to, by the Python client, and how its errors end a command."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from infra.cli.exit_codes import ExitCode
from infra.cli.output import write_error
from infra.cli.wording import in_shell_words

if TYPE_CHECKING:
    from core.types import Json
    from regatta import Regatta


class CommandError(Exception):
    """A command cannot do what it was asked for; the message says why and what to do."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


class UrlError(Exception):
    """The URL of the service, or the key for it, cannot be used."""


@contextmanager
def connect(url: str | None) -> Iterator["Regatta"]:
    """Connect to the service for the length of a `with` block. An error ends the command with its message."""
    with exit_with_code():
        from regatta import Regatta

        try:
            client = Regatta(url or os.environ.get("REGATTA_URL") or _local_url())
        except ValueError as error:
            raise UrlError(str(error).replace("The url", "The URL")) from None
        with client:
            yield client


def read_api_key(path: Path) -> str:
    """Return the API key in a file; a file without one ends the command. The key itself is in no message."""
    with exit_with_code():
        key = path.read_text(encoding="utf-8", errors="replace").strip()
        if not key or len(key.split()) != 1:
            raise CommandError(f"{path} has to hold one API key and nothing else.", ExitCode.USAGE)
        return key


def ask(client: "Regatta", method: str, path: str, **options: Any) -> "Json":
    """Send a request and return the JSON of its answer; `options` are those of `Regatta.request`."""
    answer: Json = client.request(method, path, **options).json()
    return answer


@contextmanager
def exit_with_code() -> Iterator[None]:
    """End the command where the block raises: the message goes to stderr, and the status says what kind it is."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        explained = _explain(error)
        if explained is None:
            raise
        code, message = explained
        write_error(message)
        raise typer.Exit(code) from None


def _explain(error: Exception) -> tuple[ExitCode, str] | None:
    """Return the exit status and the message of an error; None for one that is a mistake in this program."""
    import regatta.errors as client
    from core.errors import InvalidSettingError
    from core.errors import RegattaError as CoreError

    unreachable = (
        client.UnreachableError,
        client.NotRegattaError,
        client.RedirectTargetUnreachable,
        client.IncompatibleServerError,
    )
    codes: tuple[tuple[type[Exception] | tuple[type[Exception], ...], ExitCode], ...] = (
        (client.AuthenticationError, ExitCode.UNAUTHORISED),
        (unreachable, ExitCode.UNREACHABLE),
        (InvalidSettingError, ExitCode.USAGE),
        (UrlError, ExitCode.USAGE),
        ((client.RegattaError, CoreError, OSError), ExitCode.FAILED),
    )
    if isinstance(error, CommandError):
        return error.code, str(error)
    code = next((code for kind, code in codes if isinstance(error, kind)), None)
    return None if code is None else (code, _message(error))


def _message(error: Exception) -> str:
    """Return the message of an error in the words of the command line."""
    from regatta.errors import UploadInterrupted

    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    message = str(error)
    if isinstance(error, UploadInterrupted):
        message = f"{message}\nThe same command goes on from here."
    if job_id := getattr(error, "job_id", None):
        message = f"{message}\n`regatta jobs --retry {job_id}` lets it begin anew."
    return in_shell_words(message)


def _local_url() -> str:
    from infra.cli.terminal import service_url

    return service_url()
