"""The commands about series: files that arrive one after another and teach one model."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.client import Url
from infra.cli.terminal import console, ending_well, point_at_the_stack, service_url


def drop(
    file: Annotated[Path, typer.Argument(help="A CSV.", exists=True, dir_okay=False)],
    series: Annotated[str, typer.Option(help="The series, and the model that it teaches.")],
    target: Annotated[str | None, typer.Option(help="The column to predict, where the series has none yet.")] = None,
    wait: Annotated[bool, typer.Option(help="Show what is decided about it.")] = True,
    url: Url = None,
) -> None:
    """Send FILE into a series, whose model learns from it, and show what was decided."""
    from infra import series as dropping
    from infra.service import ServiceError, connect

    with ending_well(ServiceError, dropping.DropError), connect(url or service_url()) as service:
        key = dropping.drop(service, file, series, target, console)
        if wait:
            decision = dropping.await_decision(service, series, key, console)
            dropping.show_decision(service.url, decision, console)


def series(
    name: Annotated[str | None, typer.Argument(help="The history of this one.", show_default="list all")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many decisions to show.")] = 20,
    url: Url = None,
) -> None:
    """Show every series and what serves; or what was decided about the files of one."""
    from infra import series as listing
    from infra.service import ServiceError, connect

    with ending_well(ServiceError), connect(url or service_url()) as service:
        if name is None:
            listing.show_all(service, console)
        else:
            listing.show_history(service, name, limit, console)


def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what was missed.")] = False,
    workspace: Annotated[str | None, typer.Option(help="Whose files.", show_default="everybody's")] = None,
) -> None:
    """Find the files below incoming/ that no event has told of, and order their jobs."""
    point_at_the_stack()
    from core.services.series.arrivals import reconcile as find_missed
    from core.storage.container import container

    with ending_well():
        missed = find_missed(container(), workspace, dry_run=dry_run)
    for one in missed:
        console.print(f"{one.key}" + (f": job {one.job.job_id}" if one.job else ""), soft_wrap=True)
    done = "were missed" if dry_run else "were missed and have a job now"
    console.print(f"{len(missed)} files {done}.")
