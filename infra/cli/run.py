"""`regatta run`."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.terminal import exit_on_errors, service_url


def run(
    file: Annotated[Path, typer.Argument(help="A CSV.", exists=True, dir_okay=False)],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    model: Annotated[str | None, typer.Option(help="One regressor instead of a race.", show_default="a race")] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, max=900, help="Seconds for the race.")] = 30,
    out: Annotated[Path, typer.Option(help="Where the exports go.")] = Path("out"),
) -> None:
    """Run the whole job on FILE against the service on this machine, exports included."""
    from infra.cli.demo_run import DemoRun
    from infra.client.service import ServiceError, connect

    with exit_on_errors(ServiceError), connect(service_url()) as service:
        DemoRun(service, out).run(file, target, model, time_limit)
