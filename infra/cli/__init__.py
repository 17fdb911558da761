"""The command line: start, stop and look at the embedded stack, serve, deploy, operate, and be a client."""

import typer

from infra.cli import client, embedded, operating, series

# In the order in which `regatta --help` lists them.
COMMANDS = (
    embedded.up,
    embedded.demo,
    client.run,
    client.upload,
    series.drop,
    series.series,
    series.reconcile,
    client.jobs,
    client.redrive,
    operating.janitor,
    operating.reproduce,
    operating.serve,
    operating.deploy,
    embedded.status,
    embedded.down,
    embedded.env,
    operating.webhook_secret,
)

app = typer.Typer(
    help="Regatta: tabular regression as a service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in COMMANDS:
    app.command()(command)
