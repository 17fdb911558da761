"""`--install-completion` and `--show-completion`: completion in bash, zsh and fish."""

import os
from enum import StrEnum
from typing import Annotated, NoReturn

import typer

OPTIONS = ("--install-completion", "--show-completion")
PROGRAM = "regatta"
VARIABLE = "_REGATTA_COMPLETE"


class Shell(StrEnum):
    """A shell to complete in; `auto` is the one that the command was typed into."""

    AUTO = "auto"
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def with_shell(arguments: list[str]) -> list[str]:
    """Return the arguments of the command line with a shell behind an option of completion that has none."""
    if not arguments or arguments[0] not in OPTIONS:
        return arguments
    option, *others = arguments
    has_shell = bool(others) and not others[0].startswith("-")
    return [option, *others] if has_shell else [option, Shell.AUTO, *others]


def know_shells() -> None:
    """Let a request of a shell for completions be answered; typer does so itself only with its own two options."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()


def _install(shell: Shell | None) -> None:
    """Write the completion into the files of the shell; end the command."""
    if shell is None:
        return
    from typer.completion import install  # type: ignore[attr-defined]

    name = _resolve(shell)
    try:
        _, path = install(shell=name, prog_name=PROGRAM, complete_var=VARIABLE)
    except (OSError, ValueError) as error:
        _fail(f"The completion cannot be installed: {error}. `regatta --show-completion {name}` prints it.")
    typer.echo(f"The completion for {name} is in {path}. A new terminal has it.")
    raise typer.Exit


def _show(shell: Shell | None) -> None:
    """Print the completion for a shell; end the command."""
    if shell is None:
        return
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=_resolve(shell)))
    raise typer.Exit


def _resolve(shell: Shell) -> str:
    """Return the name of a shell; for `auto` that of the nearest parent process which is one."""
    if shell is not Shell.AUTO:
        return shell.value
    import psutil

    known = [name.value for name in Shell if name is not Shell.AUTO]
    try:
        parents = [parent.name().lstrip("-") for parent in psutil.Process().parents()]
    except psutil.Error:
        parents = []
    found = next((name for name in parents if name in known), None)
    if found is None:
        _fail(
            f"Which shell this is cannot be found out. Name one of {', '.join(known)}: regatta --show-completion bash"
        )
    return found


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


InstallCompletion = Annotated[
    Shell | None,
    typer.Option(
        OPTIONS[0], callback=_install, is_eager=True, help="Install completion for a shell.", metavar="[SHELL]"
    ),
]
ShowCompletion = Annotated[
    Shell | None,
    typer.Option(OPTIONS[1], callback=_show, is_eager=True, help="Print completion for a shell.", metavar="[SHELL]"),
]
