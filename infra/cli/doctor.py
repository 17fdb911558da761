"""`regatta doctor`: checks what Regatta needs, and says how to mend what is broken."""

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.exit_codes import ExitCode
from infra.cli.text import visible

if TYPE_CHECKING:
    from infra.cli.checks.check import Check, Checks

COLOURS = {"ok": "green", "warning": "yellow", "broken": "red", "skipped": "bright_black"}


def doctor(
    url: Annotated[
        str | None,
        typer.Option(help="A service elsewhere, of which only what it says is checked.", envvar="REGATTA_URL"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check what Regatta needs, and say how to mend what is broken. The exit status is 1 where something is."""
    from infra.cli.checks.check import State

    checks = []
    try:
        for check in _examine(url):
            checks.append(check)
            if not as_json:
                _print(check)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    broken = sum(check.state is State.BROKEN for check in checks)
    warnings = sum(check.state is State.WARNING for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": not broken, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        typer.echo(f"{broken} broken, {warnings} to look at." if broken or warnings else "All is well.")
    raise typer.Exit(ExitCode.FAILED if broken else ExitCode.OK)


def _examine(url: str | None) -> "Checks":
    """Run all checks of this machine, or those of the service at `url`."""
    from infra.cli.checks import machine, services
    from infra.cli.checks.check import run

    yield from run("settings", lambda: machine.check_settings(os.environ))
    yield from run("packages", machine.check_versions)
    if url is not None:
        yield from run("service", lambda: services.check_service(url))
        return
    yield from _examine_this_machine()


def _examine_this_machine() -> "Checks":
    """Run the checks of the stack on this machine, or of what the settings name."""
    from core.errors import InvalidSettingError
    from core.settings import settings
    from infra.cli.checks import machine, services
    from infra.cli.checks.check import run, skipped
    from infra.cli.terminal import use_running_stack
    from infra.local import running_stack

    try:
        chosen = settings()
    except InvalidSettingError:
        return  # check_settings has said so, and nothing else is known
    home = chosen.home.expanduser().resolve()
    running = running_stack.find(home)
    yield from run("disk", lambda: machine.check_disk(home))
    yield from run("ports", lambda: machine.check_ports(chosen, running))
    yield from run("redis-server", machine.check_redis_program)
    use_running_stack()
    used = settings()
    yield from run("signing key", lambda: machine.check_signing_key(used))
    if running is None and used.s3_endpoint is None and "REGATTA_BUCKET" not in os.environ:
        yield skipped("storage", "no stack runs, and no setting names another storage")
        return
    yield from run("storage", lambda: services.check_storage(used))
    yield from run("redis", lambda: services.check_redis(used))
    if running is not None:
        yield from run("service", lambda: services.check_service(running.url))


def _print(check: "Check") -> None:
    """Print the result of a check as a line, and below it how to mend what is not well."""
    state = typer.style(f"{check.state:<8}", fg=COLOURS[check.state])
    typer.echo(f"{state} {check.name:<14} {visible(check.message)}")
    if check.remedy:
        typer.echo(f"{'':<8} {'':<14} {visible(check.remedy)}")
