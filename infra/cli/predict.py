"""`regatta predict`: the rows of a CSV of any size, with their predictions beside them, as a stream."""

import sys
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from infra.cli.options import AsJson, Interval, Out, Prefix, Quiet, Strict, Url, Version
from infra.cli.output import Output, end_quietly
from infra.cli.service import CommandError, connect

if TYPE_CHECKING:
    from infra.cli.csv_input import CsvInput
    from infra.cli.predicted_rows import PredictedChunk
    from infra.cli.progress import ReportProgress
    from regatta import Regatta

BOUNDS = ("lower", "upper")


def predict(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="The name of a model, or a model type such as ridge.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="A CSV.", show_default="stdin", exists=True, dir_okay=False, allow_dash=True
        ),
    ] = None,
    prefix: Prefix = None,
    out: Out = None,
    version: Version = None,
    interval: Interval = None,
    strict: Strict = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add what each column contributes to each prediction.")
    ] = False,
    encoding: Annotated[str | None, typer.Option(help="Of the CSV.", show_default="found out")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="One character, or tab, space.", show_default="found out")
    ] = None,
    header: Annotated[
        bool | None, typer.Option(help="Whether the first line names the columns.", show_default="found out")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Predict the rows of a CSV of any size, and write them with a column `prediction` behind the others.

    It is streamed: regatta predict mix < rows.csv > predictions.csv
    """
    output = Output(as_json, quiet)
    if prefix is not None:
        _refuse_beside_prefix({"FILE": file, "--encoding": encoding, "--delimiter": delimiter, "--header": header})
        how = {"version": version, "interval": interval, "strict": strict, "explain": explain}
        with connect(url) as client, ExitStack() as files:
            _predict_objects(client, name, prefix, how, _open_output(out, files), output)
        return
    if out is not None and file is not None and out.exists() and file.exists() and out.samefile(file):
        raise typer.BadParameter("FILE would be overwritten while it is read.", param_hint="--out")
    if (file is None or str(file) == "-") and sys.stdin.isatty():
        raise typer.BadParameter("Give a FILE, or send a CSV to stdin: regatta predict MODEL < rows.csv")
    with connect(url) as client, ExitStack() as files:
        size = None if file is None or str(file) == "-" else file.stat().st_size
        source = sys.stdin.buffer if file is None or size is None else files.enter_context(file.open("rb"))
        options = {"model_name": name, "version": version, "interval": interval}
        options |= {"strict": strict or None, "explain": explain or None}
        rows = _read(client, name, version, source, encoding, delimiter, header)
        target = _open_output(out, files)
        predictor = _Predictor(client, rows, options, output)
        try:
            if as_json:
                _write_json(predictor, target)
            else:
                _write_csv(predictor, rows, target, size, interval is not None)
        except BrokenPipeError:
            end_quietly()
        finally:
            predictor.print_warnings()


def _refuse_beside_prefix(options: dict[str, Any]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise typer.BadParameter(
            f"The rows are those of the objects: leave {', '.join(given)} out.", param_hint="--prefix"
        )


def _predict_objects(
    client: "Regatta", name: str, prefix: str, how: dict[str, Any], target: BinaryIO, output: Output
) -> None:
    """Predict objects of the bucket and write their rows with the predictions; with --json the answer alone."""
    import json
    import shutil
    from tempfile import TemporaryDirectory

    from infra.cli.progress import progress_bar

    with progress_bar(output, "predicting") as report_progress, TemporaryDirectory(prefix="regatta-") as folder:
        how = {**how, "prefix": prefix, "on_progress": report_progress}
        if output.as_json:
            answer = client.predict.stored(name, **how).raw
            target.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        else:
            with client.predict.export(Path(folder) / "rows.csv", name, raw=True, bom=False, **how).open("rb") as rows:
                shutil.copyfileobj(rows, target)
    target.flush()


def _read(
    client: "Regatta",
    name: str,
    version: int | None,
    source: BinaryIO,
    encoding: str | None,
    delimiter: str | None,
    header: bool | None,
) -> "CsvInput":
    """Return the CSV in a stream; the columns of the model decide where it can be read in several ways."""
    from core.delimited.expected import Expected
    from infra.cli.csv_input import CsvInput, CsvInputError
    from infra.cli.service import ask
    from regatta.choice import segment

    features = ask(client, "GET", f"/model/schema/{segment(name)}", params={"version": version})["features"]
    texts = {feature["name"]: feature.get("levels") or () for feature in features}
    try:
        return CsvInput(
            source, Expected(frozenset(texts), texts), encoding=encoding, delimiter=delimiter, has_header=header
        )
    except CsvInputError as error:
        raise CommandError(str(error)) from None


def _open_output(out: Path | None, files: ExitStack) -> BinaryIO:
    if out is None or str(out) == "-":
        return sys.stdout.buffer
    return files.enter_context(out.open("wb"))


class _Predictor:
    """Predicts the chunks of a CSV one after another, and collects the warnings."""

    def __init__(self, client: "Regatta", rows: "CsvInput", options: dict[str, Any], output: Output) -> None:
        from infra.cli.row_messages import CollectedWarnings

        self._client, self._rows, self._options, self.output = client, rows, options, output
        self.warnings = CollectedWarnings()
        for warning in rows.form.warnings:
            self.warnings.add(warning)
        self.predicted = 0

    def __iter__(self) -> "Iterator[PredictedChunk]":
        from infra.cli.csv_input import CsvInputError
        from infra.cli.predicted_rows import RowError, predict_chunk

        chunks = iter(self._rows.chunks())
        while True:
            try:
                chunk = next(chunks, None)
            except CsvInputError as error:
                raise CommandError(self._after(str(error))) from None
            if chunk is None:
                break
            try:
                for done in predict_chunk(self._client, self._rows.form, chunk, self._options):
                    for warning in done.warnings:
                        self.warnings.add(warning)
                    self.predicted += len(done.records)
                    yield done
            except RowError as error:
                raise CommandError(self._after(str(error))) from None
        if not self.predicted:
            raise CommandError("The input has no rows to predict. Send a CSV with a header and at least one row.")

    def print_warnings(self) -> None:
        """Print what was unusual about the rows so far."""
        for warning in self.warnings.messages():
            self.output.warn(warning)

    def _after(self, message: str) -> str:
        written = f"\nThe output has the {self.predicted:,} rows before." if self.predicted else ""
        return f"{message}{written}"


def _write_csv(predictor: _Predictor, rows: "CsvInput", target: BinaryIO, size: int | None, with_bounds: bool) -> None:
    """Write the header and the rows with their predictions behind them."""
    from infra.cli.predicted_rows import RowWriter
    from infra.cli.progress import progress_bar

    writer = RowWriter(rows.form, target, BOUNDS if with_bounds else ())
    with progress_bar(predictor.output, "predicting") as report_progress:
        for chunk in predictor:
            writer.write(chunk)
            _report(report_progress, predictor.predicted, rows.bytes_read, size)
    target.flush()


def _report(report_progress: "ReportProgress", rows: int, done: int, size: int | None) -> None:
    report_progress(f"{rows:,} rows", min(1.0, done / size) if size else None)


def _write_json(predictor: _Predictor, target: BinaryIO) -> None:
    """Write one document as POST /predict/batch answers for all rows; their predictions are held until the end."""
    import json

    columns: dict[str, array[float]] = {}
    contributions: dict[str, array[float]] = {}
    answer: dict[str, Any] = {}
    for chunk in predictor:
        answer = chunk.answer
        for name, values in answer.get("explanation", {}).get("contributions", {}).items():
            contributions.setdefault(name, array("d")).extend(values)
        for name in ("predictions", *BOUNDS):
            if name in answer:
                columns.setdefault(name, array("d")).extend(answer[name])
    warnings = predictor.warnings.messages()
    document = {**answer, **{name: list(values) for name, values in columns.items()}, "warnings": warnings}
    document["count"] = predictor.predicted
    if contributions:
        listed = {name: list(values) for name, values in contributions.items()}
        document["explanation"] = {**document["explanation"], "contributions": listed}
    target.write(json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    target.flush()
