"""The command line: start, stop and look at the embedded stack, serve, deploy, and run the whole job."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.errors import InvalidSettingError
from core.settings import Settings, settings

if TYPE_CHECKING:
    from infra.local.stack import Running

app = typer.Typer(
    help="Regatta: tabular regression as a service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False)

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "california_housing.csv"
EXAMPLE_TARGET = "median_house_value"


@app.command()
def up() -> None:
    """Start the embedded stack (Redis, emulated AWS, web apps) and keep it running until Ctrl-C."""
    raise typer.Exit(_supervise(demo=None, leave=False))


@app.command()
def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop the stack when the job is done.")] = False,
    time_limit: Annotated[float, typer.Option(min=0.1, max=900, help="Seconds for the race.")] = 30,
) -> None:
    """Start the embedded stack, run the whole job on California housing prices, then keep serving."""
    raise typer.Exit(_supervise(demo=time_limit, leave=leave))


@app.command()
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

    try:
        with connect(_url(_settings())) as service:
            Job(service, console, out).run(file, target, model, time_limit)
    except ServiceError as error:
        raise _fail(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(help="A CSV of any size, as it is or as gzip.", exists=True, dir_okay=False)],
    url: Annotated[str | None, typer.Option(help="The service.", show_default="the one on this machine")] = None,
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
        uploading.upload(url or _url(_settings()), file, reading, console)
    except uploading.UploadError as error:
        raise _fail(str(error)) from None
    except (PartError, ServiceError) as error:
        raise _fail(f"{error}\nThe same command goes on from here.") from None
    except KeyboardInterrupt:
        complaints.print("The same command goes on from here.")
        raise typer.Exit(130) from None


@app.command()
def jobs(
    follow: Annotated[str | None, typer.Option(metavar="ID", help="Show how far this one is until it is over.")] = None,
    cancel: Annotated[str | None, typer.Option(metavar="ID", help="End this one.")] = None,
    retry: Annotated[str | None, typer.Option(metavar="ID", help="Let this one begin anew.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 20,
    url: Annotated[str | None, typer.Option(help="The service.", show_default="the one on this machine")] = None,
) -> None:
    """Show the newest jobs and the dead letters; or follow, cancel or retry one."""
    from core.errors import RegattaError
    from infra import jobs as listing
    from infra.service import ServiceError, connect

    base_url = url or _url(_settings())
    if url is None:
        _point_at_the_stack()
    try:
        with connect(base_url) as service:
            for verb, job_id in (("cancel", cancel), ("retry", retry)):
                if job_id is not None:
                    service.call("POST", f"/jobs/{job_id}/{verb}")
            if follow is not None:
                listing.follow(base_url, follow, console)
            else:
                listing.show(service, limit, listing.find_queue() if url is None else None, console)
    except (ServiceError, listing.JobError) as error:
        raise _fail(str(error)) from None
    except RegattaError as error:
        raise _fail(error.detail) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@app.command()
def redrive() -> None:
    """Let the jobs begin anew that ended in the dead-letter queue, after what broke them is mended."""
    from core.errors import RegattaError
    from infra import jobs as listing

    _settings()
    _point_at_the_stack()
    queue = listing.find_queue()
    if queue is None:
        raise _fail("No queue is in reach. Start the stack with `regatta up`, or set REGATTA_JOBS_QUEUE_URL.")
    try:
        moved, strange = listing.redrive(queue)
    except RegattaError as error:
        raise _fail(error.detail) from None
    console.print(f"{moved} jobs begin anew." + (f" {strange} letters are about no job and stay." if strange else ""))


@app.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="A stored model.")],
    version: Annotated[int | None, typer.Argument(help="Which version. Default: the one that serves.")] = None,
    workspace: Annotated[str, typer.Option(help="Whose model.")] = "default",
) -> None:
    """Train a stored model again from its manifest and say whether the same figures come out."""
    _settings()
    from core.errors import RegattaError
    from core.training.reproducing import reproduce as train_again

    _point_at_the_stack()
    try:
        with console.status(f"Training {name} again ..."):
            again = train_again(workspace, name, version)
    except RegattaError as error:
        raise _fail(error.detail) from None
    table = Table("figure", "stored", "again")
    for figure, stored in again.stored.items():
        style = "red" if figure in again.differing else None
        table.add_row(figure, _shown(stored), _shown(again.found[figure]), style=style)
    console.print(f"{name}, version {again.manifest.version}, {again.manifest.model_type}")
    console.print(table)
    for library, (was, now) in again.libraries.items():
        console.print(f"[yellow]trained with {library} {was}, running {now}[/]")
    if again.differing:
        raise _fail(f"{len(again.differing)} of {len(again.stored)} figures differ.")
    console.print("[green]The same figures came out.[/]")


@app.command()
def serve(
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes.")] = None,
) -> None:
    """Serve with several workers from any S3 endpoint and any Redis; starts neither."""
    chosen = _settings()
    from infra.local import processes, serving

    try:
        processes.check_port(chosen.port, "the web apps", "REGATTA_PORT")
        warning = serving.check(chosen)
    except (processes.StackError, serving.ServingError) as error:
        raise _fail(str(error)) from None
    if warning:
        complaints.print(f"[yellow]{warning}[/]", soft_wrap=True)
    serving.serve(chosen, workers or chosen.workers)


@app.command()
def deploy(
    endpoint_url: Annotated[str | None, typer.Option(help="An emulated AWS: LocalStack or MiniStack.")] = None,
    aws: Annotated[bool, typer.Option("--aws", help="AWS itself, with the credentials of this shell.")] = False,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of template.yaml; may be repeated.")
    ] = None,
) -> None:
    """Deploy template.yaml, or what has changed in it; its functions take REGATTA_* settings of this shell."""
    if aws == (endpoint_url is not None):
        raise _fail("Say where: --endpoint-url URL for an emulated AWS, or --aws.")
    chosen = _settings()
    from infra import deploy as emulated
    from infra import sam

    wished = {"RedisUrl": chosen.redis_url, "LogLevel": chosen.log_level}
    if endpoint_url is not None:
        wished["S3Endpoint"] = chosen.s3_endpoint or emulated.endpoint_inside(endpoint_url)
        wished["SigningKeyFile"] = str(chosen.signing_key_file.resolve()) if chosen.signing_key_file else None
    parameters = {name: value for name, value in wished.items() if value} | dict(_pairs(parameter or []))
    try:
        if endpoint_url is not None:
            deployment = emulated.deploy(endpoint_url, chosen.bucket, parameters)
        else:
            deployment = sam.deploy(chosen.bucket, parameters)
        emulated.check(deployment.api_url)
    except emulated.DeployError as error:
        raise _fail(str(error)) from None
    console.print(deployment.api_url, soft_wrap=True)


@app.command()
def status() -> None:
    """Say whether the embedded stack runs, and where."""
    from infra.local import stack

    home = _settings().home
    running = stack.find(home)
    if running is None:
        starting = stack.supervisor(home.expanduser().resolve()) is not None
        console.print(f"The stack in {home} is starting." if starting else f"No stack runs in {home}.")
        raise typer.Exit(1)
    console.print(f"Running since it was ready after {running.ready_seconds} s (process {running.pid}).")
    _addresses(running, home)


@app.command()
def down() -> None:
    """Stop the embedded stack; its data stays."""
    from infra.local import stack

    home = _settings().home
    stopped = stack.down(home)
    console.print(f"Stopped. The data is still in {home}." if stopped else f"No stack runs in {home}.")


@app.command()
def env() -> None:
    """Print `export` lines that point a process at the running stack: eval "$(regatta env)"."""
    from infra.local import stack

    home = _settings().home
    running = stack.find(home)
    if running is None:
        raise _fail(f"No stack runs in {home}. Start one with `regatta up`, or point REGATTA_HOME at it.")
    for name, value in running.variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def _supervise(demo: float | None, leave: bool) -> int:
    """Run the stack until it is told to stop; the exit status. `demo` is how long its race may take."""
    chosen = _settings()
    from infra.local.stack import Stack, StackError

    stack = Stack(chosen, report=lambda line: complaints.print(f"[yellow]{line}[/]", soft_wrap=True))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stack.stopping.set())
    try:
        with console.status("Starting Redis, the emulated AWS and the web apps ..."):
            running = stack.start()
        if running is None:
            return 130
        console.print(f"[green]Ready[/] in {running.ready_seconds} s.")
        _addresses(running, chosen.home)
        if demo is not None:
            story = _start_story(demo)
            stack.watch(until=lambda: story.poll() is not None)
            if story.poll() is None:
                story.terminate()
            if story.wait() != 0 or leave:
                return story.returncode
        console.print("Ctrl-C stops it.")
        stack.watch()
    except StackError as error:
        complaints.print(f"[red]{error}[/]", soft_wrap=True)
        return 1
    finally:
        stack.stop()
    return 0


def _start_story(time_limit: float) -> subprocess.Popen[bytes]:
    """The job as a process of its own, so the supervisor can watch the stack meanwhile."""
    command = [sys.executable, "-m", "infra.cli", "run", str(EXAMPLE), "--target", EXAMPLE_TARGET]
    command += ["--time-limit", str(time_limit)]
    return subprocess.Popen(command)


def _addresses(running: "Running", home: Path) -> None:
    for what, where in (
        ("apps", running.url),
        ("docs", f"{running.url}/docs"),
        ("emulated API", running.api_url),
        ("emulated AWS", running.aws_endpoint),
        ("data and logs", home),
    ):
        console.print(f"  {what:<14}{where}", soft_wrap=True)


def _point_at_the_stack() -> None:
    """Let this process use what the embedded stack stores, where one runs and nothing else is named."""
    from infra.local import stack

    running = None if settings().s3_endpoint else stack.find(settings().home)
    if running is not None:
        os.environ.update(running.variables)
        settings.cache_clear()


def _pairs(settings: list[str]) -> list[tuple[str, str]]:
    pairs = [(name, value) for name, equals, value in (each.partition("=") for each in settings) if equals]
    if len(pairs) < len(settings):
        raise _fail("A parameter is given as NAME=VALUE, one after each --parameter.")
    return pairs


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.12g}"


def _settings() -> Settings:
    try:
        return settings()
    except InvalidSettingError as error:
        raise _fail(str(error)) from None


def _url(chosen: Settings) -> str:
    return f"http://127.0.0.1:{chosen.port}"


def _fail(message: str) -> typer.Exit:
    complaints.print(f"[red]{message}[/]", soft_wrap=True)
    return typer.Exit(1)


if __name__ == "__main__":
    app()
