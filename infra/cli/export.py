"""`regatta export`: a file with its predictions, or the model itself."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from infra.cli.options import AsJson, Data, Interval, Out, Prefix, Quiet, Strict, Url, Version
from infra.cli.output import Output
from infra.cli.service import CommandError, connect
from infra.cli.stored_data import file_id_of

# By format the ending of its files.
TABLE_ENDINGS = {"csv": ".csv", "excel": ".xlsx", "json": ".json", "jsonl": ".jsonl", "parquet": ".parquet"}
MODEL_ENDINGS = {"onnx": ".onnx", "pickle": ".pkl"}
ENDINGS = {**TABLE_ENDINGS, **MODEL_ENDINGS}


def export(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="The name of a model, or a model type such as ridge.")],
    data: Data = None,
    prefix: Prefix = None,
    out: Out = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", "-f", help=f"{', '.join(ENDINGS)}.", show_default="by the ending of --out, else csv"),
    ] = None,
    version: Version = None,
    interval: Interval = None,
    strict: Strict = False,
    raw: Annotated[bool, typer.Option("--raw", help="Leave texts that begin like formulas as they are.")] = False,
    delimiter: Annotated[
        str | None,
        typer.Option(help="csv: comma, semicolon, tab or pipe. Default: comma; by a decimal comma semicolon."),
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="csv: the mark before a fraction: point or comma.")] = None,
    bom: Annotated[
        bool | None,
        typer.Option("--bom/--no-bom", help="csv: begin with the mark by which Excel knows UTF-8.", show_default="bom"),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Write FILE with the predictions of MODEL; or the model itself, as onnx or pickle.

    Without --out a file is written only where stdout is a terminal: `regatta export mix > predictions.csv` works.
    `--out -` is stdout. As parquet a large table, and what --prefix names, becomes a folder of files. --json prints
    `path` and `size_bytes`, --quiet the path alone.
    """
    from infra.cli.progress import progress_bar

    output = Output(as_json, quiet)
    chosen = _format(file_format, out)
    _refuse_both(data, prefix)
    style: dict[str, Any] = {"delimiter": delimiter, "decimal": decimal, "bom": bom}
    to_stdout = str(out) == "-" or (out is None and not as_json and not sys.stdout.isatty())
    with connect(url) as client, TemporaryDirectory(prefix="regatta-") as folder:
        written = Path(folder) / f"export{ENDINGS[chosen]}"
        if chosen in MODEL_ENDINGS:
            _refuse_rows(data or prefix, style, chosen)
            client.models.download(name, written, format=chosen, version=version)
        else:
            file_id = None if prefix else file_id_of(client, data, output)
            with progress_bar(output, "predicting") as report_progress:
                client.predict.export(
                    written,
                    name,
                    file_id=file_id,
                    prefix=prefix,
                    version=version,
                    format=chosen,
                    interval=interval,
                    strict=strict,
                    raw=raw,
                    **style,
                    on_progress=report_progress,
                )
        if to_stdout:
            if written.is_dir():
                raise CommandError("As parquet the table becomes several files. Name a folder for them with --out.")
            with written.open("rb") as file:
                shutil.copyfileobj(file, typer.get_binary_stream("stdout"))
            return
        target = Path(f"{name}{ENDINGS[chosen]}".replace("/", "_")) if out is None else out
        target = target / f"{name}{ENDINGS[chosen]}".replace("/", "_") if target.is_dir() else target
        size = _keep(written, target)
    output.answer({"path": str(target), "size_bytes": size}, target, f"Wrote {target} ({size:,} bytes).")


def _refuse_both(file: object, prefix: str | None) -> None:
    """Raise `BadParameter` where rows come from a file and from objects."""
    if file is not None and prefix is not None:
        raise typer.BadParameter("FILE has rows of its own. Leave one of them out.", param_hint="--prefix")


def _keep(written: Path, target: Path) -> int:
    """Put what was written, a file or a folder of several, in its place, and return how many bytes it has."""
    if not written.is_dir():
        shutil.copyfile(written, target)
        return target.stat().st_size
    size = sum(file.stat().st_size for file in written.iterdir())
    target.unlink(missing_ok=True)
    shutil.move(written, target)
    return size


def _format(file_format: str | None, out: Path | None) -> Any:
    """Return the format that is asked for, by its name or by the ending of the file."""
    by_ending = {ending: name for name, ending in ENDINGS.items()}
    if out is not None and out.suffix.lower() == ENDINGS["parquet"] and out.is_dir():
        raise typer.BadParameter(
            f"{out} is a folder, as an earlier export left it. Remove it, or choose another name.", param_hint="--out"
        )
    ending = "" if out is None or str(out) == "-" or out.is_dir() else out.suffix.lower()
    if file_format is None and ending and ending not in by_ending:
        listed = ", ".join(by_ending)
        raise typer.BadParameter(
            f"{ending!r} is none of {listed}. Name the file so, or choose with --format.", param_hint="--out"
        )
    chosen = file_format or by_ending.get(ending, "csv")
    chosen = by_ending.get(f".{chosen.lower()}", chosen.lower())
    if chosen not in ENDINGS:
        raise typer.BadParameter(f"{file_format!r} is none of {', '.join(ENDINGS)}.", param_hint="--format")
    return chosen


def _refuse_rows(data: str | None, style: Mapping[str, Any], chosen: str) -> None:
    """Raise `CommandError` where a model is asked for, and what goes with rows alone."""
    if data is not None:
        raise CommandError(
            f"A model as {chosen} has no rows: leave {data!r} out, or choose csv, excel, json, jsonl or parquet."
        )
    given = [f"--{name}" for name, value in style.items() if value is not None]
    if given:
        raise CommandError(f"A model as {chosen} is no CSV: leave {', '.join(given)} out, or choose csv.")
