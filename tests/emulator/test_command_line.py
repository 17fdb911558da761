"""The verbs of the command line against a running stack."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.paths import ROOT
from tests.support.stack import Stack

EXAMPLES = ROOT / "examples"
# What a name may be that somebody gave a file, a column or a value.
HOSTILE = "price [/usd] [bold]\x1b[31m房价"


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.base_url, timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def mix(stack: Stack) -> str:
    """A model by name."""
    done = stack.call(
        "train", str(EXAMPLES / "concrete.csv"), "--target", "strength", "-m", "ridge", "--name", "mix-cli"
    )
    assert done.returncode == 0, done.stderr
    return "mix-cli"


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["files"], "/data/files"),
        (["models"], "/model/trained"),
        (["models", "mix-cli"], "/model/info?model_name=mix-cli"),
        (["models", "--available"], "/model/available"),
        (["schema", "mix-cli"], "/model/schema/mix-cli"),
        (["explain", "mix-cli"], "/model/importance/mix-cli"),
        (["effects", "mix-cli"], "/model/effects/mix-cli"),
        (["series"], "/series"),
        (["jobs"], "/jobs?limit=20"),
        (["profile"], "/data/profile"),
    ],
)
def test_json_is_the_services_own(
    stack: Stack, service: httpx.Client, mix: str, arguments: list[str], path: str
) -> None:
    done = stack.call(*arguments, "--json")
    answer = service.get(path).raise_for_status().json()
    assert json.loads(done.stdout) == answer
    assert done.returncode == 0
    # What other tests have left in the stack may fill more than a page.
    assert done.stderr.startswith("There are more: ") if answer.get("next") else done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [["files"], ["models"], ["schema", "mix-cli"], ["explain", "mix-cli"], ["effects", "mix-cli", "age"], ["jobs"]],
)
def test_quiet_prints_one_identifier_a_line(stack: Stack, mix: str, arguments: list[str]) -> None:
    done = stack.call(*arguments, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    # A model's name may have dots and spaces.
    assert all(re.fullmatch(r"[\w.\- ]+", line) for line in done.stdout.splitlines())


def test_effects_draw_each_column_and_name_a_column_that_is_not_there(stack: Stack, mix: str) -> None:
    drawn = stack.call("effects", mix)
    assert drawn.returncode == 0, drawn.stderr
    (cement,) = [line.split() for line in drawn.stdout.splitlines() if line.startswith("cement ")]
    # A ridge with more cement predicts more, so its curve rises.
    assert float(cement[1]) < float(cement[2])
    assert list(cement[3]) == sorted(cement[3])
    one = stack.call("effects", mix, "cement")
    means = [float(line.split()[1]) for line in one.stdout.splitlines()[2:]]
    assert means == sorted(means)
    assert len(means) == len(cement[3])
    missing = stack.call("effects", mix, "cemnt")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "mix-cli has no column cemnt; it has" in missing.stderr


def test_a_stage_of_a_gateway_is_a_url_too(stack: Stack, mix: str) -> None:
    done = stack.call("models", mix, "--url", stack.api_url)
    assert done.returncode == 0, done.stderr
    assert "mix-cli version" in done.stdout


def test_nothing_of_a_hostile_file_reaches_the_terminal_or_breaks_a_verb(stack: Stack, tmp_path: Path) -> None:
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["kind", HOSTILE, "size"])
    rows.writerow(["[/red]", "", 0])  # the first row has no target
    rows.writerows([["[/red]" if at % 2 else "a\nb\x1b[2J", at * 1.5, at % 17] for at in range(1, 80)])
    file = tmp_path / "[red]x[bold].csv"
    file.write_text(table.getvalue(), encoding="utf-8")
    done = stack.call("run", str(file), "--target", HOSTILE, "--model", "ridge", "--out", str(tmp_path / "out"))
    outputs = [done]
    assert "row 2, the first one with price [/usd] [bold]\\x1b[31m房价" in done.stdout, done.stderr
    (model,) = [path.stem for path in (tmp_path / "out").glob("*.csv")]
    outputs += [
        stack.call("files"),
        stack.call("profile", str(file)),
        stack.call("profile"),
        stack.call("process", "--target", HOSTILE, "--column", f"{HOSTILE}=drop"),
        stack.call("train", "--target", HOSTILE, "--model", "ridge", "--name", model),
        stack.call("models"),
        stack.call("models", model),
        stack.call("schema", model),
        stack.call("explain", model),
        stack.call("effects", model),
        stack.call("effects", model, "kind"),
        stack.call("predict", model, str(file), "--out", str(tmp_path / "predicted.csv")),
        stack.call("report", str(file), "--out", str(tmp_path / "report.html")),
        stack.call("jobs"),
    ]
    for output in outputs:
        assert output.returncode == 0, output.stderr
        assert "Traceback" not in output.stderr
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", output.stdout + output.stderr)
    predicted = list(csv.reader(io.StringIO((tmp_path / "predicted.csv").read_bytes().decode(), newline="")))
    assert predicted[0] == ["kind", HOSTILE, "size", "prediction"]
    assert [row[0] for row in predicted[1:4]] == ["[/red]", "[/red]", "a\nb\x1b[2J"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--target", "[/red]\x1b"],
        ["models", "[/red]\x1b"],
        ["schema", "[/red]"],
        ["explain", "[bold]房\n"],
        ["effects", "[bold]房\n"],
        ["predict", "[/red]", str(EXAMPLES / "mpg.csv")],
        ["export", "[/red]\x1b"],
        ["files", "--delete", "[/red]\x1b"],
        ["files", "--switch", "[/red]"],
        ["profile", "[/red]\x1b"],
        ["process", "--target", "[/red]\x1b"],
        ["report", "[/red]"],
        ["compare", "[/red]"],
        ["jobs", "--follow", "[/red]\x1b"],
        ["jobs", "--cancel", "[/red]"],
        ["jobs", "--retry", "[/red]"],
        ["series", "[/red]\x1b"],
        ["drop", str(EXAMPLES / "mpg.csv"), "--series", "[/red]\x1b"],
        ["run", str(EXAMPLES / "mpg.csv"), "--target", "[/red]\x1b"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_does_not_exist_is_refused_with_its_name_as_text(stack: Stack, mix: str, arguments: list[str]) -> None:
    done = stack.call(*arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stdout + done.stderr
    assert done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_export_writes_by_the_ending_or_to_a_pipe(stack: Stack, mix: str, tmp_path: Path) -> None:
    piped = stack.call("export", mix, "concrete.csv")
    assert piped.returncode == 0, piped.stderr
    assert piped.stdout.removeprefix("\ufeff").splitlines()[0].endswith(",strength,prediction")
    written = stack.call("export", mix, "concrete.csv", "--out", str(tmp_path / "a.json"), "--quiet")
    assert written.stdout.strip() == str(tmp_path / "a.json")
    assert len(json.loads((tmp_path / "a.json").read_text())) == 1030
    european = stack.call("export", mix, "concrete.csv", "--decimal", "comma", "--no-bom")
    assert european.stdout.splitlines()[0].endswith(";strength;prediction")
    model = stack.call("export", mix, "--format", "onnx", "--out", str(tmp_path / "mix"), "--json")
    assert json.loads(model.stdout)["size_bytes"] == (tmp_path / "mix").stat().st_size
    refused = stack.call("export", mix, "--format", "onnx", "--bom")
    assert (refused.returncode, "leave --bom out" in refused.stderr) == (1, True)


def test_predict_streams_what_the_service_predicts(stack: Stack, service: httpx.Client, mix: str) -> None:
    done = stack.call("predict", mix, str(EXAMPLES / "concrete.csv"), "--interval", "0.9")
    assert done.returncode == 0, done.stderr
    body = (EXAMPLES / "concrete.csv").read_bytes()
    answer = service.post(
        "/predict/batch",
        params={"model_name": mix, "interval": 0.9},
        content=body,
        headers={"Content-Type": "text/csv"},
    ).json()
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0][-3:] == ["prediction", "prediction_lower", "prediction_upper"]
    for at, name in ((-3, "predictions"), (-2, "lower"), (-1, "upper")):
        assert [float(row[at]) for row in rows[1:]] == answer[name]
    assert [",".join(row[:-3]) for row in rows] == body.decode().splitlines()


def test_a_race_shows_its_leaders_and_quiet_the_winner(stack: Stack, mix: str) -> None:
    done = stack.call("compare", str(EXAMPLES / "mpg.csv"), "--target", "mpg", "--time-limit", "1", "--quiet")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"mpg-[\w-]+\n", done.stdout)
    shown = stack.call("compare", "mpg.csv", "--target", "mpg", "--time-limit", "1")
    assert "leads with R2" in shown.stderr
    assert "The best is mpg-" in shown.stdout


def test_a_report_is_the_same_page_with_and_without_a_service(stack: Stack, tmp_path: Path) -> None:
    def page(*arguments: str) -> str:
        done = stack.call("report", *arguments, "--out", str(tmp_path / "page.html"))
        assert done.returncode == 0, done.stderr
        # Only the identifier and the time of the upload differ.
        return re.sub(
            r"from file \w+|\d+ \w+ \d{4}, \d\d:\d\d UTC|[\w: -]+ UTC", "", (tmp_path / "page.html").read_text()
        )

    file = str(EXAMPLES / "mpg.csv")
    assert stack.call("upload", file).returncode == 0
    assert stack.call("process", "mpg.csv", "--target", "mpg").returncode == 0
    assert page("mpg.csv") == page(file, "--target", "mpg")
