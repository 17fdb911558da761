"""The command line: the embedded stack, requests to a service, series and jobs, operation and deployment."""

import typer

from infra.cli import embedded, jobs, operating, run, series, upload

# In the order in which `regatta --help` lists them.
COMMANDS = (
    embedded.up,
    embedded.demo,
    run.run,
    upload.upload,
    series.drop,
    series.series,
    series.reconcile,
    jobs.jobs,
    jobs.redrive,
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
