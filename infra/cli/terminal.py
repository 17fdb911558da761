"""The terminal, the settings, errors that end a command, and the stack that runs on this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from core.errors import InvalidSettingError, RegattaError
from core.settings import Settings, settings
from infra.cli.exit_codes import ExitCode
from infra.cli.text import visible

if TYPE_CHECKING:
    from rich.console import Console

    console: Console
    error_console: Console


def __getattr__(name: str) -> "Console":
    """Make `console` or `error_console` for the first module that imports it: most commands need no rich."""
    if name not in ("console", "error_console"):
        raise AttributeError(name)
    from rich.console import Console

    made = Console(stderr=name == "error_console", highlight=False)
    globals()[name] = made
    return made


def load_settings() -> Settings:
    """Return the settings; end the command where one is invalid."""
    try:
        return settings()
    except InvalidSettingError as error:
        raise failure(str(error), ExitCode.USAGE) from None


def service_url() -> str:
    """Return the base URL of the service on this machine."""
    return f"http://127.0.0.1:{load_settings().port}"


def use_running_stack(*, needs_storage: bool = False) -> None:
    """Let this process use the storage of the embedded stack if one runs and no other S3 endpoint is set.

    With `needs_storage` the command ends where there is no other storage either.
    """
    from infra.local import running_stack

    chosen = load_settings()
    running = None if chosen.s3_endpoint else running_stack.find(chosen.home)
    if running is not None:
        os.environ.update(running.variables)
        settings.cache_clear()
    elif needs_storage and not chosen.s3_endpoint and not _has_aws_credentials():
        raise failure(
            "No stack runs here, and there are no credentials for a bucket on AWS. Start a stack with `regatta up`, or "
            "set REGATTA_S3_ENDPOINT, or the credentials of AWS.",
            ExitCode.UNREACHABLE,
        )


def _has_aws_credentials() -> bool:
    from botocore.session import get_session

    return get_session().get_credentials() is not None


def warn(message: str) -> None:
    """Print a warning to stderr."""
    typer.secho(visible(message, lines=True), fg="yellow", err=True)


def failure(message: str, code: ExitCode = ExitCode.FAILED) -> typer.Exit:
    """Print what is wrong to stderr; return the exception that ends the command."""
    typer.secho(visible(message, lines=True), fg="red", err=True)
    return typer.Exit(code)


@contextmanager
def exit_on_errors(*expected: type[Exception]) -> Iterator[None]:
    """End the command with the message of a `RegattaError` or one of `expected`; end it quietly after Ctrl-C."""
    try:
        yield
    except InvalidSettingError as error:
        raise failure(str(error), ExitCode.USAGE) from None
    except RegattaError as error:
        raise failure(error.detail) from None
    except expected as error:
        raise failure(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
