"""The package of each function by `sam build`, and the image of the heavy ones: their sizes, and that they load."""

import os
import subprocess
import sys
import sysconfig
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
    """MiB of the files in a folder, or of a file, without bytecode."""
    found = (
        [str(folder)] if folder.is_file() else [f"{top}/{name}" for top, _, names in os.walk(folder) for name in names]
    )
    return sum(Path(file).stat().st_size for file in found if not file.endswith(".pyc")) / MIB


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
        assert not any("__pycache__" in folders for _, folders, _ in os.walk(built / name))
        assert not {"pandas", "sklearn", "scipy", "pyarrow"} & {path.name for path in (built / name).iterdir()}
        assert (built / name / "onnxruntime").is_dir() == (name in LARGEST)


@pytest.mark.parametrize("requirements", ["light", "scoring", "heavy"])
def test_a_list_has_the_packages_of_the_tests_with_their_digests(requirements: str) -> None:
    """So what is installed here is what a function gets, and need not be installed once more."""
    tested = pinned("dev")
    assert {name: lines for name, lines in pinned(requirements).items() if lines != tested.get(name)} == {}


def test_the_image_holds_what_its_functions_load(tmp_path: Path, record_property) -> None:
    assert "requirements/heavy.txt" in (ROOT / "infra/images/Dockerfile").read_text()
    link("heavy", tmp_path)
    mib = sum(size(path) for path in (*tmp_path.iterdir(), *tmp_path.glob("*/*")) if path.is_symlink())
    record_property("size", mib)
    assert 300 < mib < LARGEST_IMAGE
    load(HANDLERS["heavy"], tmp_path)


@pytest.mark.parametrize("requirements", ["light", "scoring"])
def test_a_zip_holds_what_its_functions_load(tmp_path: Path, requirements: str) -> None:
    scoring = [FUNCTIONS[name]["Handler"] for name in LARGEST]
    handlers = scoring if requirements == "scoring" else [h for h in HANDLERS["light"] if h not in scoring]
    link(requirements, tmp_path)
    load(handlers, tmp_path)


def pinned(requirements: str) -> dict[str, list[str]]:
    """Return the lines of a list by the requirement that they belong to: its version, its marker, its digests."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / f"requirements/{requirements}.txt").read_text().splitlines():
        if line[:1].isalpha():
            found[line.rstrip(" \\")] = lines = []
        elif "--hash=" in line:
            lines.append(line.strip(" \\"))
    return found


def link(requirements: str, target: Path) -> None:
    """Let `target` have what a list names, and nothing else, from where the tests have it: the same versions."""
    installed = Path(sysconfig.get_path("platlib"))
    for line in pinned(requirements):
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        version = str(wanted.specifier).removeprefix("==")
        (record,) = installed.glob(f"{wanted.name.replace('-', '_')}-{version}.dist-info/RECORD")
        for path in {own_path(installed, Path(row.split(",")[0])) for row in record.read_text().splitlines()}:
            if path.parts[0] != ".." and not (target / path).exists():
                (target / path).parent.mkdir(exist_ok=True)
                (target / path).symlink_to(installed / path)


def own_path(installed: Path, file: Path) -> Path:
    """Return the package of a file that is installed; below a namespace, which packages share, the one in there."""
    is_package = (installed / file.parts[0] / "__init__.py").exists()
    return Path(*file.parts[: 1 if is_package else 2])


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
