"""The commands that start, stop and look at the embedded stack."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.exit_codes import ExitCode
from infra.cli.status import print_addresses
from infra.cli.terminal import exit_on_errors, failure, load_settings, warn

if TYPE_CHECKING:
    from infra.local.stack import Stack

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "california_housing.csv"
EXAMPLE_TARGET = "median_house_value"


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when it is ready; `regatta down` stops it.")
    ] = False,
    opens: Annotated[bool, typer.Option("--open", help="Open the console in a browser once it is ready.")] = False,
) -> None:
    """Start the embedded stack. It has Redis, an emulated AWS and the web apps, and runs until Ctrl-C."""
    if detach:
        _start_detached(opens=opens)
    else:
        raise typer.Exit(_supervise(demo=None, leave=False, opens=opens))


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop the stack when the job is done.")] = False,
    time_limit: Annotated[float, typer.Option(min=0.1, max=900, help="Seconds for the race.")] = 30,
    opens: Annotated[bool, typer.Option("--open", help="Open the console in a browser once it is ready.")] = False,
) -> None:
    """Start the embedded stack and run the whole job on a real CSV, California housing prices; then keep serving."""
    raise typer.Exit(_supervise(demo=time_limit, leave=leave, opens=opens))


def down() -> None:
    """Stop the embedded stack; its data stays."""
    from infra.local import running_stack

    home = load_settings().home
    stopped = running_stack.down(home)
    typer.echo(f"Stopped. The data is still in {home}." if stopped else f"No stack runs in {home}.")


def env() -> None:
    """Print `export` lines that point a process at the running stack: eval "$(regatta env)"."""
    from infra.local import running_stack

    home = load_settings().home
    running = running_stack.find(home)
    if running is None:
        raise failure(f"No stack runs in {home}. Start one with `regatta up`, or point REGATTA_HOME at it.")
    for name, value in running.variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _start_detached(opens: bool) -> None:
    """Start the stack in a process of its own and wait until it is ready; one that runs already is left as it is."""
    chosen = load_settings()
    from infra.cli.terminal import console
    from infra.local import detached, embedded_redis, processes, running_stack

    running = running_stack.find(chosen.home)
    if running is not None:
        typer.echo(f"A stack is already running in {chosen.home} (process {running.pid}).")
    else:
        with exit_on_errors(processes.StackError), console.status("Starting Redis, the emulated AWS and the web apps"):
            running = detached.start(chosen.home)
        if not running.variables["REGATTA_REDIS_URL"]:
            warn(embedded_redis.NO_REDIS if embedded_redis.find_program() is None else embedded_redis.NO_SOCKET)
        typer.echo(f"Ready in {running.ready_seconds} s (process {running.pid}).")
    print_addresses(running, chosen.home)
    if opens:
        _open_console(running.url)
    typer.echo("`regatta down` stops it, `regatta logs --follow` shows what it does.")


def _open_console(url: str) -> None:
    """Show the console in this machine's browser, if it has one."""
    import webbrowser

    if not webbrowser.open(f"{url}/console"):
        warn("No browser could be started here; enter the address of the console in one.")


def _supervise(demo: float | None, leave: bool, opens: bool) -> int:
    """Run the stack until a signal stops it; return the exit status.

    `demo` is the time limit of a demo run in seconds; None runs none. With `leave` the stack stops after that run, with
    `opens` a browser shows the console.
    """
    chosen = load_settings()
    from infra.cli.terminal import console
    from infra.local.processes import StackError
    from infra.local.stack import Stack

    stack = Stack(chosen, report=warn)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stack.stopping.set())
    try:
        with console.status("Starting Redis, the emulated AWS and the web apps ..."):
            running = stack.start()
        if running is None:
            return ExitCode.INTERRUPTED
        console.print(f"[green]Ready[/] in {running.ready_seconds} s.")
        print_addresses(running, chosen.home)
        if opens:
            _open_console(running.url)
        if demo is not None:
            status = _run_demo(stack, running.url, demo)
            if status != 0 or leave:
                return status
        console.print("Ctrl-C stops it.")
        stack.watch()
    except StackError as error:
        return failure(str(error)).exit_code
    except OSError as error:
        return failure(f"{chosen.home} cannot hold a stack: {error}. REGATTA_HOME=DIR chooses another place.").exit_code
    finally:
        stack.stop()
    return 0


def _run_demo(stack: "Stack", url: str, time_limit: float) -> int:
    """Run `regatta run` in a process of its own, so that the stack is watched meanwhile; return its exit status."""
    command = [sys.executable, "-m", "infra.cli", "run", str(EXAMPLE), "--target", EXAMPLE_TARGET]
    # REGATTA_URL may name another service.
    command += ["--url", url]
    demo_run = subprocess.Popen([*command, "--time-limit", str(time_limit)])
    stack.watch(until=lambda: demo_run.poll() is not None)
    if demo_run.poll() is None:
        demo_run.terminate()
    return demo_run.wait()
