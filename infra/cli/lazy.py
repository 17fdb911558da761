"""Commands whose modules are loaded when they are chosen, because loading all of them takes most of the start."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Command:
    """One command: the module below `infra.cli` and its function, which gives the name, or a `typer.Typer` there.

    `summary` is how the function's docstring begins. It stands here as well, so that `--help` lists all commands
    without their modules.
    """

    module: str
    function: str
    summary: str

    @property
    def name(self) -> str:
        """Return what one types."""
        return self.function.replace("_", "-")

    def load(self) -> TyperCommand | TyperGroup:
        """Load the module and return the command with its options."""
        target = getattr(import_module(f"infra.cli.{self.module}"), self.function)
        if isinstance(target, typer.Typer):
            app = target
        else:
            app = typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(self.name)(target)
        loaded = typer.main.get_command(app)
        assert isinstance(loaded, TyperCommand | TyperGroup)
        return loaded


class LazyCommand(TyperCommand):
    """Stands for a command in the list of all; parsing its arguments loads it and goes on there."""

    def __init__(self, command: Command) -> None:
        super().__init__(command.name, help=command.summary)
        self.command = command

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Return the context of the real command."""
        return self.command.load().make_context(*arguments, **options)
