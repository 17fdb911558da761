"""The commands that start, stop and look at the embedded stack."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.terminal import console, error_console, failure, load_settings

if TYPE_CHECKING:
    from infra.local.stack import Running, Stack

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "california_housing.csv"
EXAMPLE_TARGET = "median_house_value"


def up() -> None:
    """Start the embedded stack. It has Redis, an emulated AWS and the web apps, and runs until Ctrl-C."""
    raise typer.Exit(_supervise(demo=None, leave=False))


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop the stack when the job is done.")] = False,
    time_limit: Annotated[float, typer.Option(min=0.1, max=900, help="Seconds for the race.")] = 30,
) -> None:
    """Start the embedded stack and run the whole job on a real CSV, California housing prices; then keep serving."""
    raise typer.Exit(_supervise(demo=time_limit, leave=leave))


def status() -> None:
    """Say whether the embedded stack runs, and where."""
    from infra.local import stack

    home = load_settings().home
    running = stack.find(home)
    if running is None:
        starting = stack.supervisor(home.expanduser().resolve()) is not None
        console.print(f"The stack in {home} is starting." if starting else f"No stack runs in {home}.")
        raise typer.Exit(1)
    console.print(f"Running since it was ready after {running.ready_seconds} s (process {running.pid}).")
    _print_addresses(running, home)


def down() -> None:
    """Stop the embedded stack; its data stays."""
    from infra.local import stack

    home = load_settings().home
    stopped = stack.down(home)
    console.print(f"Stopped. The data is still in {home}." if stopped else f"No stack runs in {home}.")


def env() -> None:
    """Print `export` lines that point a process at the running stack: eval "$(regatta env)"."""
    from infra.local import stack

    home = load_settings().home
    running = stack.find(home)
    if running is None:
        raise failure(f"No stack runs in {home}. Start one with `regatta up`, or point REGATTA_HOME at it.")
    for name, value in running.variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _supervise(demo: float | None, leave: bool) -> int:
    """Run the stack until a signal stops it; return the exit status.

    `demo` is the time limit of a demo run in seconds; None runs none. With `leave` the stack stops after that run.
    """
    chosen = load_settings()
    from infra.local.processes import StackError
    from infra.local.stack import Stack

    stack = Stack(chosen, report=lambda line: error_console.print(f"[yellow]{line}[/]", soft_wrap=True))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stack.stopping.set())
    try:
        with console.status("Starting Redis, the emulated AWS and the web apps ..."):
            running = stack.start()
        if running is None:
            return 130
        console.print(f"[green]Ready[/] in {running.ready_seconds} s.")
        _print_addresses(running, chosen.home)
        if demo is not None:
            status = _run_demo(stack, demo)
            if status != 0 or leave:
                return status
        console.print("Ctrl-C stops it.")
        stack.watch()
    except StackError as error:
        error_console.print(f"[red]{error}[/]", soft_wrap=True)
        return 1
    finally:
        stack.stop()
    return 0


def _run_demo(stack: "Stack", time_limit: float) -> int:
    """Run `regatta run` in a process of its own, so that the stack is watched meanwhile; return its exit status."""
    command = [sys.executable, "-m", "infra.cli", "run", str(EXAMPLE), "--target", EXAMPLE_TARGET]
    demo_run = subprocess.Popen([*command, "--time-limit", str(time_limit)])
    stack.watch(until=lambda: demo_run.poll() is not None)
    if demo_run.poll() is None:
        demo_run.terminate()
    return demo_run.wait()


def _print_addresses(running: "Running", home: Path) -> None:
    for name, address in (
        ("apps", running.url),
        ("docs", f"{running.url}/docs"),
        ("emulated API", running.api_url),
        ("emulated AWS", running.aws_endpoint),
        ("data and logs", home),
        ("drop CSVs in", home / "incoming" / "SERIES"),
    ):
        console.print(f"  {name:<14}{address}", soft_wrap=True)
