"""`regatta status`: whether the embedded stack runs, and how it or another service is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.exit_codes import ExitCode
from infra.cli.terminal import load_settings
from infra.cli.text import visible

if TYPE_CHECKING:
    from infra.local.running_stack import Running

# The parts of a service that it reports the state of.
PARTS = ("storage", "redis", "queue")
# By address what people read beside it.
LABELS = {
    "console": "console",
    "apps": "apps",
    "docs": "docs",
    "api": "emulated API",
    "aws": "emulated AWS",
    "redis": "Redis",
    "home": "data and logs",
    "incoming": "drop CSVs in",
}


def status(
    url: Annotated[
        str | None,
        typer.Option(
            help="Ask the service at this address.", envvar="REGATTA_URL", show_default="the stack on this machine"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether the embedded stack runs, and where. The exit status is 0 where it runs and answers."""
    report, code = _of_the_stack() if url is None else _of_a_service(url)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(report)
    raise typer.Exit(code)


def print_addresses(running: "Running", home: Path) -> None:
    """Print where the parts of a running stack are."""
    _print_addresses(_addresses(running, home))


def _of_the_stack() -> tuple[dict[str, Any], ExitCode]:
    """Return how the stack of this machine is, and the exit status."""
    from infra.local import parts, running_stack

    home = load_settings().home
    running = running_stack.find(home)
    if running is None:
        is_starting = running_stack.supervisor(home.expanduser().resolve()) is not None
        return {"state": "starting" if is_starting else "stopped", "home": str(home)}, ExitCode.FAILED
    service, code = _of_a_service(running.url)
    report = {"state": "running", "home": str(home), "pid": running.pid, "ready_seconds": running.ready_seconds}
    report |= {"addresses": _addresses(running, home), "parts": parts.read(home), "service": service}
    return report, min(code, ExitCode.FAILED)


def _of_a_service(url: str) -> tuple[dict[str, Any], ExitCode]:
    """Return how the service at a URL is, and the exit status."""
    from infra.cli.service_state import ask

    state = ask(url)
    report: dict[str, Any] = {"url": state.url, "status": state.status, "version": state.version}
    report |= {part: state.parts.get(part) for part in PARTS}
    return report | ({"message": state.message} if state.message else {}), state.code


def _addresses(running: "Running", home: Path) -> dict[str, str]:
    return {
        "console": f"{running.url}/console",
        "apps": running.url,
        "docs": f"{running.url}/docs",
        "api": running.api_url,
        "aws": running.aws_endpoint,
        "redis": running.variables["REGATTA_REDIS_URL"],
        "home": str(home),
        "incoming": str(home / "incoming"),
    }


def _print(report: dict[str, Any]) -> None:
    """Print a report for people; what is wrong goes to stderr."""
    if report.get("state") in ("stopped", "starting"):
        starting = report["state"] == "starting"
        typer.echo(f"The stack in {report['home']} is starting." if starting else f"No stack runs in {report['home']}.")
        return
    if "state" in report:
        typer.echo(f"Running since it was ready after {report['ready_seconds']} s (process {report['pid']}).")
        _print_addresses(report["addresses"])
        for line in _troubles(report["parts"]):
            typer.echo(line, err=True)
    service = report.get("service", report)
    parts = ", ".join(f"{part} {service[part]}" for part in PARTS if service[part])
    if parts:
        typer.echo(f"The service at {service['url']} is {service['status']}: {parts}.")
    if "message" in service:
        typer.echo(visible(service["message"]), err=True)


def _troubles(parts: dict[str, Any]) -> Iterator[str]:
    """Yield a line about each part of the stack that is not as it should be, or was started again."""
    for name, part in parts.items():
        count = part.get("restarts", 0)
        times = f", {count} {'time' if count == 1 else 'times'} since the start" if count else ""
        if part.get("state") == "restarting":
            yield f"{name} has ended and is started again{times}."
        elif times:
            yield f"{name} was started again{times}."
        if part.get("state") == "silent":
            yield f"{name} runs and does not answer. It is started again if it computes nothing either."
        if part.get("serving", 0) < part.get("workers", 0):
            yield f"{part['serving']} of {part['workers']} workers serve; the others are starting."


def _print_addresses(addresses: dict[str, str]) -> None:
    for name, label in LABELS.items():
        address = f"{addresses[name]}/SERIES" if name == "incoming" else addresses[name]
        typer.echo(f"  {label:<14}{address or 'none'}")
