"""What every command shares: the terminal, the settings, and the stack that runs on this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from core.errors import InvalidSettingError, RegattaError
from core.settings import Settings, settings

console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)


def chosen_settings() -> Settings:
    """The settings; a wrong one ends the command."""
    try:
        return settings()
    except InvalidSettingError as error:
        raise failure(str(error)) from None


def service_url() -> str:
    """Where the service on this machine answers."""
    return f"http://127.0.0.1:{chosen_settings().port}"


def point_at_the_stack() -> None:
    """Let this process use what the embedded stack stores, where one runs and nothing else is named."""
    from infra.local import stack

    chosen = chosen_settings()
    running = None if chosen.s3_endpoint else stack.find(chosen.home)
    if running is not None:
        os.environ.update(running.variables)
        settings.cache_clear()


def failure(message: str) -> typer.Exit:
    """Say what is wrong; raise what comes back."""
    complaints.print(f"[red]{message}[/]", soft_wrap=True)
    return typer.Exit(1)


@contextmanager
def ending_well(*expected: type[Exception]) -> Iterator[None]:
    """End the command with what an error says that is ours, one of `expected` or a `RegattaError`, and by Ctrl-C."""
    try:
        yield
    except RegattaError as error:
        raise failure(error.detail) from None
    except expected as error:
        raise failure(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
