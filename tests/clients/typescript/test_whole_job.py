"""The client in TypeScript against the embedded stack: the whole job, and what goes wrong; and one of a generator."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clients.typescript.package import DOCUMENT, TypeScriptPackage, complaints
from tests.support.http_server import QuietHandler, running_server
from tests.support.odd_model import predicted, train_odd_model, write_program
from tests.support.stack import Stack, free_ports
from tests.support.tables import first_rows

DISTRICTS = ("朝阳", "海淀", "丰台")


class HtmlHandler(QuietHandler):
    """A proxy whose backend is down, or another program altogether."""

    def do_GET(self) -> None:
        body = b"<html><body>Welcome to nginx!</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class OtherVersionHandler(QuietHandler):
    """A Regatta of another major version."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Regatta-Version", "7.0.0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def test_the_whole_job(package: TypeScriptPackage, stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_bytes(_houses(120).encode("gbk"))

    assert "The whole job is done" in package.node("programs/job.ts", stack.base_url, tmp_path)


def test_the_request_that_the_console_shows_is_run_as_it_stands(
    package: TypeScriptPackage, stack: Stack, tmp_path: Path
) -> None:
    train_odd_model(stack)
    text = package.node(write_program(tmp_path, stack, "typescript"))
    # A module below the folder of the package imports it by its name.
    with TemporaryDirectory(dir=package.folder) as folder:
        program = Path(folder) / "shown.ts"
        program.write_text(text, encoding="utf-8")
        assert repr(predicted(stack)) in package.node(program)


def test_what_goes_wrong_is_a_typed_error(package: TypeScriptPackage, stack: Stack) -> None:
    (closed,) = free_ports(1)
    with running_server(HtmlHandler) as html, running_server(OtherVersionHandler) as other:
        output = package.node("programs/refusals.ts", stack.base_url, html, other, f"http://127.0.0.1:{closed}")

    assert "Every refusal is as it should be" in output


def test_the_examples_of_the_page_run_as_they_stand(package: TypeScriptPackage, stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/concrete.csv").write_bytes(first_rows("concrete", 150))
    page = package.folder / "page_of_stack.ts"
    page.write_text((package.folder / "programs/page.ts").read_text().replace("http://127.0.0.1:8000", stack.base_url))

    output = package.toolchain.run("node", page, directory=tmp_path)

    assert "unknown-column" not in output
    assert re.search(r"^404 .*concret", output, re.MULTILINE)
    assert re.search(r"^true UnreachableError: http://127.0.0.1:9 does not answer .*regatta up", output, re.MULTILINE)
    assert re.search(r"^accepted 1 ", output, re.MULTILINE)


def test_the_client_of_hey_api_runs_a_job(package: TypeScriptPackage, stack: Stack) -> None:
    folder = package.folder / "generated"
    shutil.rmtree(folder / "dist", ignore_errors=True)

    output = package.npx("openapi-ts", "--input", DOCUMENT, "--output", folder / "client", "--no-log-file")
    package.npx("tsc", "--project", folder)

    assert complaints(output) == []
    assert "The generated client has done the job" in package.node(folder / "dist/job.js", stack.base_url)


def _houses(rows: int) -> str:
    """Return a table with Chinese headers whose price follows from area and district."""
    lines = ["面积,城区,签约日,价格"]
    for row in range(rows):
        area, district = 40 + (row * 37) % 120 + 0.5, row % len(DISTRICTS)
        price = 2.5 * area + 60 * district + (row * 13) % 7
        lines.append(f"{area},{DISTRICTS[district]},2024-{1 + row % 12:02}-{1 + row % 28:02},{price:.1f}")
    return "\n".join(lines) + "\n"
