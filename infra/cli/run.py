"""`regatta run`."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.options import AsJson, Quiet, Url
from infra.cli.output import Output
from infra.cli.service import connect


def run(
    file: Annotated[Path, typer.Argument(help="A CSV, or another file with a table.", exists=True, dir_okay=False)],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    model: Annotated[str | None, typer.Option(help="One regressor instead of a race.", show_default="a race")] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, max=900, help="Seconds for the race.")] = 30,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the exports.")] = Path("out"),
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Run the whole job on FILE: upload it, look at it, clean it, train or race, predict, and export.

    --quiet prints the name of the model alone, --json one document with the answer to each step.
    """
    output = Output(as_json, quiet)
    with connect(url) as client:
        from infra.cli.demo_run import DemoRun

        job = DemoRun(client, out, output)
        job.run(file, target, model, time_limit)
    model_answer = job.document.get("model") or job.document["comparison"]["best"]
    if as_json or quiet:
        output.answer(job.document, model_answer["model_name"], "")
