"""The commands of a client: what they do goes over HTTP, to the service on this machine or another one."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.terminal import complaints, console, ending_well, failure, point_at_the_stack, service_url

Url = Annotated[str | None, typer.Option(help="The service.", show_default="the one on this machine")]


def run(
    file: Annotated[Path, typer.Argument(help="A CSV.", exists=True, dir_okay=False)],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    model: Annotated[str | None, typer.Option(help="One regressor instead of a race.", show_default="a race")] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, max=900, help="Seconds for the race.")] = 30,
    out: Annotated[Path, typer.Option(help="Where the exports go.")] = Path("out"),
) -> None:
    """Run the whole job on FILE against the service on this machine, exports included."""
    from infra.local.job import Job
    from infra.service import ServiceError, connect

    with ending_well(ServiceError), connect(service_url()) as service:
        Job(service, console, out).run(file, target, model, time_limit)


def upload(
    file: Annotated[Path, typer.Argument(help="A CSV of any size, as it is or as gzip.", exists=True, dir_okay=False)],
    url: Url = None,
    encoding: Annotated[str | None, typer.Option(help="Default: found out.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="One character, or tab, space. Default: found out.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first line names the columns.")] = None,
) -> None:
    """Upload FILE in parts, going on where an earlier run broke off, and wait until it is a dataset."""
    from infra import uploading
    from infra.parts import PartError
    from infra.service import ServiceError

    wishes = {"encoding": encoding, "delimiter": delimiter, "has_header": header}
    reading = {name: wish for name, wish in wishes.items() if wish is not None}
    try:
        uploading.upload(url or service_url(), file, reading, console)
    except uploading.UploadError as error:
        raise failure(str(error)) from None
    except (PartError, ServiceError) as error:
        raise failure(f"{error}\nThe same command goes on from here.") from None
    except KeyboardInterrupt:
        complaints.print("The same command goes on from here.")
        raise typer.Exit(130) from None


def jobs(
    follow: Annotated[str | None, typer.Option(metavar="ID", help="Show how far this one is until it is over.")] = None,
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="End this one.")] = None,
    retry: Annotated[str | None, typer.Option(metavar="ID", help="Let this one begin anew.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    url: Url = None,
) -> None:
    """Show the newest jobs and the dead letters; or follow, cancel or retry one."""
    from infra import jobs as listing
    from infra.service import ServiceError, connect

    base_url = url or service_url()
    if url is None:
        point_at_the_stack()
    with ending_well(ServiceError, listing.JobError), connect(base_url) as service:
        for verb, job_id in (("cancel", cancel), ("retry", retry)):
            if job_id is not None:
                service.call("POST", f"/jobs/{job_id}/{verb}")
        if follow is not None:
            listing.follow(base_url, follow, console)
        else:
            listing.show(service, limit, listing.find_queue() if url is None else None, console)


def redrive() -> None:
    """Let the jobs and arrivals begin anew that ended in the dead-letter queue, after what broke them is mended."""
    from infra import jobs as listing

    point_at_the_stack()
    queue = listing.find_queue()
    if queue is None:
        raise failure("No queue is in reach. Start the stack with `regatta up`, or set REGATTA_JOBS_QUEUE_URL.")
    with ending_well():
        moved, strange = listing.redrive(queue)
    stay = f" {strange} letters are about no job and no file of a series, and stay." if strange else ""
    console.print(f"{moved} jobs begin anew.{stay}")
