"""The command line: the embedded stack, requests to a service, series and jobs, operation and deployment."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from core import __version__
from infra.cli.completion import InstallCompletion, ShowCompletion, know_shells, with_shell
from infra.cli.lazy import Command, LazyCommand

# What `regatta --help` lists, by heading: the module of each command, its function, and how its help begins.
SECTIONS = {
    "Data, models and predictions": (
        Command("upload", "upload", "Upload FILE in parts, going on where an earlier run broke off."),
        Command("files", "files", "List the uploaded files, the newest last."),
        Command("files", "profile", "Show the columns of FILE with their statistics."),
        Command("report", "report", "Write the report on FILE as one HTML page."),
        Command("files", "process", "Set how FILE is cleaned before training."),
        Command("training", "train", "Train one regressor on FILE."),
        Command("training", "compare", "Compare regressors on FILE."),
        Command("models", "models", "List the models."),
        Command("models", "schema", "Show the columns that MODEL takes."),
        Command("explaining", "explain", "Show how much the predictions of MODEL depend on each column."),
        Command("explaining", "effects", "Show how the predictions of MODEL change with each column."),
        Command("predict", "predict", "Predict the rows of a CSV of any size."),
        Command("export", "export", "Write FILE with the predictions of MODEL; or the model itself."),
        Command("run", "run", "Run the whole job on FILE."),
        Command("openapi", "openapi", "Print the OpenAPI document."),
    ),
    "Series and jobs": (
        Command("series", "drop", "Send FILE into a series, whose model learns from it."),
        Command("series", "series", "Show every series and what serves."),
        Command("series", "reconcile", "Find the files below incoming/ for which no event came."),
        Command("jobs", "jobs", "Show the newest jobs and the dead letters."),
        Command("jobs", "redrive", "Let the jobs and arrivals of the dead-letter queue begin anew."),
    ),
    "The stack on this machine": (
        Command("embedded", "up", "Start the embedded stack."),
        Command("embedded", "demo", "Start the embedded stack and run the whole job on a real CSV."),
        Command("status", "status", "Say whether the embedded stack runs, and where."),
        Command("logs", "logs", "Print the end of the logs of the embedded stack."),
        Command("embedded", "down", "Stop the embedded stack; its data stays."),
        Command("embedded", "env", "Print `export` lines that point a process at the running stack."),
    ),
    "Operation": (
        Command("doctor", "doctor", "Check what Regatta needs, and say how to mend what is broken."),
        Command("operating", "serve", "Serve with several workers from any S3 endpoint and any Redis."),
        Command("keys", "keys", "Make, list, revoke or replace API keys."),
        Command("quotas", "quotas", "Show or set what a workspace may use at most, beside what it uses."),
        Command("operating", "deploy", "Deploy template.yaml, or what has changed in it."),
        Command("operating", "janitor", "Remove what nobody needs any more from the bucket."),
        Command("registry", "registry", "Verify or rebuild the index of lists in the bucket."),
        Command("operating", "reproduce", "Train a stored model again from its manifest."),
        Command("operating", "webhook_secret", "Print the secret that receivers of webhooks check signatures with."),
    ),
}
COMMANDS = tuple(command for section in SECTIONS.values() for command in section)


class CommandLine(TyperGroup):
    """All commands; see `COMMANDS`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        know_shells()
        for command in COMMANDS:
            self.add_command(LazyCommand(command))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands below their headings."""
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(command.name, command.summary) for command in commands], col_max=16)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options before the command."""
        return super().parse_args(ctx, with_shell(args))


app = typer.Typer(
    cls=CommandLine,
    help="Regatta: tabular regression as a service.",
    no_args_is_help=True,
    # Plain help and errors: rich takes longer to load than all else.
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(chosen: bool) -> None:
    if chosen:
        typer.echo(f"regatta {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    api_key_file: Annotated[
        Path | None, typer.Option(help="A file with the API key for the service.", show_default="REGATTA_API_KEY")
    ] = None,
    install_completion: InstallCompletion = None,
    show_completion: ShowCompletion = None,
) -> None:
    """Regatta: tabular regression as a service."""
    if api_key_file is not None:
        from infra.cli.service import read_api_key

        os.environ["REGATTA_API_KEY"] = read_api_key(api_key_file)
    from infra.cli.text import visible
    from infra.cli.variables import unknown_messages

    for message in unknown_messages(os.environ):
        typer.secho(visible(message), fg="yellow", err=True)
