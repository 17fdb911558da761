"""The package of each function by `sam build`, and the image of the heavy ones: their sizes, and that they load."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.sam_template import parse_template

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in parse_template((ROOT / "template.yaml").read_text())["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
ZIPPED = [name for name, properties in FUNCTIONS.items() if properties.get("PackageType") != "Image"]
HANDLERS = {
    "light": [FUNCTIONS[name]["Handler"] for name in ZIPPED],
    "heavy": [p["ImageConfig"]["Command"][0] for p in FUNCTIONS.values() if p.get("PackageType") == "Image"],
}

MIB = 1 << 20
# Lambda takes 250 MB, unpacked. What a function loads at a cold start it must fetch first.
LARGEST = {"PredictFunction": 200, "InferenceFunction": 200, "ExportFunction": 200}
LARGEST_OTHER = 120
# Lambda takes images of 10 GB; this is what the five functions share, with room for a release of each library.
LARGEST_IMAGE = 800


def size(folder: Path) -> float:
    """MiB of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MIB


def make(*targets: str) -> None:
    done = subprocess.run(["make", *targets], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def built() -> Path:
    """The artifacts of every zip function, as `sam deploy` uploads them."""
    make("build")
    return ROOT / ".aws-sam/build"


def test_every_zip_function_is_built_and_fits(built: Path, record_property) -> None:
    sizes = {name: size(built / name) for name in ZIPPED}
    record_property("sizes", sizes)
    for name, mib in sizes.items():
        assert (built / name / "functions").is_dir()
        assert mib <= LARGEST.get(name, LARGEST_OTHER), sizes
    deployed = parse_template((built / "template.yaml").read_text())
    assert deployed["Resources"]["Monitor"]["Properties"]["TemplateURL"] == "Monitor/template.yaml"


def test_a_build_holds_no_bytecode_and_nothing_of_the_heavy_functions(built: Path) -> None:
    for name in ZIPPED:
        assert not list(built.glob(f"{name}/**/__pycache__"))
        assert not {"pandas", "sklearn", "scipy", "pyarrow"} & {path.name for path in (built / name).iterdir()}
        assert (built / name / "onnxruntime").is_dir() == (name in LARGEST)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The Dockerfile's own step into an empty folder, for this interpreter."""
    assert "requirements/heavy.txt" in (ROOT / "infra/images/Dockerfile").read_text()
    target = tmp_path_factory.mktemp("image")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--no-deps", "--only-binary=:all:", "--no-compile", "-r", str(ROOT / "requirements/heavy.txt")]
    done = subprocess.run([*command, "--target", str(target)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    yield target
    shutil.rmtree(target)  # 650 MB, which a small disk has not got until the end of the run


def test_the_image_holds_what_its_functions_load(image: Path, record_property) -> None:
    record_property("size", size(image))
    assert 300 < size(image) < LARGEST_IMAGE
    load(HANDLERS["heavy"], image)


@pytest.mark.parametrize("requirements", ["light", "scoring"])
def test_a_zip_holds_what_its_functions_load(image: Path, tmp_path: Path, requirements: str) -> None:
    scoring = [FUNCTIONS[name]["Handler"] for name in LARGEST]
    handlers = scoring if requirements == "scoring" else [h for h in HANDLERS["light"] if h not in scoring]
    link(requirements, image, tmp_path)
    load(handlers, tmp_path)


def link(requirements: str, installed: Path, target: Path) -> None:
    """Let `target` have what a list names, from where the longest list is installed: the same versions."""
    for line in (ROOT / f"requirements/{requirements}.txt").read_text().splitlines():
        if not line[:1].isalpha():
            continue
        pinned = Requirement(line.rstrip(" \\"))
        if pinned.marker and not pinned.marker.evaluate():
            continue
        version = str(pinned.specifier).removeprefix("==")
        (record,) = installed.glob(f"{pinned.name.replace('-', '_')}-{version}.dist-info/RECORD")
        for part in {row.split("/")[0].split(",")[0] for row in record.read_text().splitlines()} - {"..", "bin"}:
            if not (target / part).exists():
                (target / part).symlink_to(installed / part)


def load(handlers: list[str], packages: Path) -> None:
    """Import every handler in a process that sees the standard library, our code and these packages alone."""
    code = (
        "import sys\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(packages)!r}]\n"
        "import importlib\n"
        f"for name in {[handler.rpartition('.')[0] for handler in handlers]!r}: importlib.import_module(name).handler\n"
        # Snapshots, and what is loaded when it is needed.
        "import boto3, redis\n"
        "files = [str(getattr(module, '__file__', '')) for module in sys.modules.values()]\n"
        "strays = [file for file in files if 'site-packages' in file]\n"
        "assert not strays, strays\n"
    )
    # Isolated, and without site: neither the packages of this environment nor those of the user are there.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGATTA_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
