"""`regatta report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import AsJson, Data, Out, Quiet, Url
from infra.cli.output import Output
from infra.cli.service import CommandError, ask, connect, exit_with_code
from infra.cli.stored_data import find_stored, is_file

if TYPE_CHECKING:
    from regatta import Regatta


def report(
    data: Data = None,
    target: Annotated[str | None, typer.Option(help="Show also how the columns relate to this one.")] = None,
    language: Annotated[str, typer.Option(help="The language of the page: en or zh, or a tag of BCP 47.")] = "en",
    out: Out = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = None,
) -> None:
    """Write the report on FILE as one HTML page, and print where it is.

    A file of this machine is read here; it is not uploaded, and no service need run. Without --out the page is in the
    folder for temporary files. `--out -` writes it to stdout. --json prints `path`, `size_bytes` and `filename`.
    """
    output = Output(as_json, quiet)
    if is_file(data):
        with exit_with_code():
            name, page = _page_here(str(data), target, language, output)
    else:
        with connect(url) as client:
            name, page = _page_of_service(client, data, target, language)
    if str(out) == "-":
        typer.get_binary_stream("stdout").write(page)
        return
    with exit_with_code():
        path = _write(page, name, out)
    output.answer({"path": str(path), "size_bytes": len(page), "filename": name}, path, f"The report is in {path}")
    if open_it:
        _open(path, output)


def _page_here(path: str, target: str | None, language: str, output: Output) -> tuple[str, bytes]:
    """Return the name of the report on a file of this machine, and its page."""
    from core.languages.tags import LANGUAGES, find_language
    from core.reporting.report import report as report_page
    from infra.cli.local_data import describe

    found = find_language(language)
    if found is None:
        raise CommandError(f"There are no reports in {language!r}. Say --language {' or '.join(LANGUAGES)}.")
    described = describe(path, target, output)
    return f"{Path(path).stem}.html", report_page(described.manifest, described.profile, found).encode()


def _page_of_service(client: "Regatta", data: str | None, target: str | None, language: str) -> tuple[str, bytes]:
    """Return the name of the report on a stored file, and its page."""
    if target is not None:
        raise CommandError(
            "The target of an uploaded file is a part of its recipe: `regatta process --target COLUMN` sets it."
        )
    file_id = None if data is None else find_stored(client, data)
    page = client.request("GET", "/data/report", params={"file_id": file_id, "language": language}).content
    filename = ask(client, "GET", "/data/info", params={"file_id": file_id})["filename"]
    return f"{Path(str(filename)).stem}.html", page


def _open(path: Path, output: Output) -> None:
    """Show a page in the browser of the user, which BROWSER may name."""
    import webbrowser

    if not webbrowser.open(path.absolute().as_uri()):
        output.warn(f"No browser was found on this machine. Open {path} in one.")


def _write(page: bytes, name: str, out: Path | None) -> Path:
    """Write the page to a file and return its path."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="regatta-")) if out is None else out
    path = folder / name if folder.is_dir() else folder
    path.write_bytes(page)
    return path
