"""The console as it is sent: its page and files at each address, what holds a browser to them, and its words."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core import errors
from core.errors import RegattaError
from functions.system.console import assets
from functions.system.console.assets import STATIC
from infra.deploy.package import package
from infra.paths import ROOT
from tests.support.gateway import AddressTransport

BASES = {"stage": "/prod", "domain": "", "mapping": "/teams/flats"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MODULES = sorted(path for path in STATIC.rglob("*.js") if path.parent.name != "vendor")
LANGUAGES = ("en", "zh")
# Keys of words in a module: t("data.title"), t(`data.tab.${name}`), and any other text of that form.
LITERAL = re.compile(r"""\b(?:t|known)\(\s*["']([^"']+)["']""")
IMPORT = re.compile(r"""(?:^(?:import|export|\}) [^"\n]*from |import\()"([^"]+)\"""", re.MULTILINE)
COMPOSED = re.compile(r"\b(?:t|known)\(\s*`([^`$]+)\$\{")


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest) -> str:
    return BASES[request.param]


@pytest.fixture
def client(settled: None, base: str) -> Iterator[httpx.Client]:
    transport = AddressTransport(base, custom_domain=base != "/prod")
    with httpx.Client(transport=transport, base_url=f"https://api.example.com{base}") as client:
        yield client


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/data", "/console/model/%E6%88%BF%E4%BB%B7/x"])
def test_every_view_is_the_page_with_its_files(client: httpx.Client, base: str, path: str) -> None:
    page = client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "no-cache"
    addresses = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(addresses) > 20
    for address in addresses:
        assert address.startswith(f"{base}/console/assets/{assets.digest()}/"), address
        found = client.get(f"https://api.example.com{address}")
        assert (found.status_code, bool(found.content)) == (200, True)


def test_a_file_is_kept_for_ever_and_comes_packed(client: httpx.Client) -> None:
    file = client.get(f"/console/assets/{assets.digest()}/main.js", headers={"Accept-Encoding": "gzip"})
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert file.headers["content-type"] == "text/javascript; charset=utf-8"
    assert file.headers["content-encoding"] == "gzip"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.content == (STATIC / "main.js").read_bytes()


@pytest.mark.parametrize(
    "path", ["assets/0000000000000000/main.js", "assets/{}/secrets.txt", "assets/{}/%2E%2E/routes.py"]
)
def test_nothing_else_is_sent(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/console/{path.format(assets.digest())}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:regatta:problem:no-such-route")


def test_the_page_may_load_and_call_nothing_but_its_own(client: httpx.Client) -> None:
    page = client.get("/console")
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    bucket = "https://s3.us-east-1.amazonaws.com/regatta-tests"
    assert policy["connect-src"].split() == ["'self'", bucket, f"{bucket}/"]
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page.text) == []
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_browser_gets_the_console_and_a_program_the_links(client: httpx.Client, base: str) -> None:
    sent = client.get("/", headers=BROWSER)
    assert (sent.status_code, sent.headers["location"], sent.headers["vary"]) == (303, f"{base}/console", "Accept")
    for accepted in ("*/*", "application/json"):
        answer = client.get("/", headers={"Accept": accepted})
        assert (answer.status_code, answer.headers["vary"]) == (200, "Accept")
        assert answer.json()["links"]["console"] == f"{base}/console"


def test_a_package_holds_the_files_themselves() -> None:
    code = package()
    for path in ("console.css", "tokens.css", "examples/mpg.csv", "vendor/preact.js"):
        assert f"functions/system/console/static/{path}".encode() in code


@pytest.mark.parametrize("folder", [STATIC / "vendor", ROOT / "tests/browser/axe"], ids=lambda path: path.name)
def test_what_is_vendored_is_listed_with_version_licence_and_digest(folder: Path) -> None:
    listed = json.loads((folder / "vendored.json").read_text())
    assert {each["file"] for each in listed} == {path.name for path in folder.glob("*.js")}
    for each in listed:
        assert hashlib.sha256((folder / each["file"]).read_bytes()).hexdigest() == each["sha256"], each["file"]
        assert re.fullmatch(r"\d+\.\d+\.\d+", each["version"])
        assert (folder / f"{each['package']}.LICENSE").exists()
        assert each["licence"]


def test_modules_name_each_other_by_addresses_that_exist() -> None:
    for module in MODULES:
        for named in IMPORT.findall(module.read_text("utf-8")):
            assert (module.parent / named).resolve().is_relative_to(STATIC.resolve()), f"{module.name}: {named}"
            assert (module.parent / named).exists(), f"{module.name}: {named}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_no_module_writes_markup_or_code_as_text(module: Path) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerouslySetInnerHTML"
    assert re.findall(forbidden, module.read_text("utf-8")) == []


def words(language: str) -> dict[str, str]:
    """Return the words by their keys; of plural forms each has its own."""
    found: dict[str, str] = {}

    def walk(tree: dict[str, object], prefix: str) -> None:
        for name, value in tree.items():
            if isinstance(value, dict) and "other" in value:
                found[prefix + name] = " ".join(map(str, value.values()))
            elif isinstance(value, dict):
                walk(value, f"{prefix}{name}.")
            else:
                found[prefix + name] = str(value)

    walk(json.loads((STATIC / f"words/{language}.json").read_text("utf-8")), "")
    return found


def test_both_languages_have_the_same_words() -> None:
    english, chinese = (words(language) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert text.strip(), key
        assert chinese[key].strip(), key
        named = [set(re.findall(r"\{(\w+)\}", each)) for each in (text, chinese[key])]
        # A plural form may leave out its own number.
        assert named[0] - {"n", "count", "shown"} == named[1] - {"n", "count", "shown"}, key


def test_every_word_that_a_module_uses_exists_and_no_other_does() -> None:
    known = words("en")
    source = {module: module.read_text("utf-8") for module in MODULES}
    used: set[str] = set()
    for module, text in source.items():
        for key in LITERAL.findall(text):
            assert key in known, f"{module.name} uses {key!r}, which words/en.json lacks"
        for prefix in COMPOSED.findall(text):
            assert any(key.startswith(prefix) for key in known), f"{module.name} uses {prefix!r}..."
            used |= {key for key in known if key.startswith(prefix)}
        # A key may also be handed on, as in choices(names, "data.reading.marks").
        handed = set(re.findall(r"""["'`]([a-z]\w*(?:\.[\w-]+)+)["'`]""", text))
        used |= {key for key in known if key in handed or key.rpartition(".")[0] in handed}
    assert sorted(known.keys() - used) == [], "no module uses these words"


def test_every_type_of_problem_has_words() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, RegattaError)]
    slugs = {kind.slug for kind in kinds}
    assert len(slugs) > 30
    assert {f"errors.type.{slug}" for slug in slugs} <= words("en").keys()


PAIRS = [
    *((text, ground) for text in ("ink", "muted", "accent") for ground in ("ground", "paper", "raised", "soft")),
    ("on-accent", "accent"),
    *((kind, f"{kind}-soft") for kind in ("error", "warning", "good")),
    *(("ink", f"{kind}-soft") for kind in ("error", "warning", "good", "accent")),
    *(("accent", ground) for ground in ("accent-soft", "paper")),
    *((text, "paper") for text in ("error", "warning", "good", "info", "positive", "negative")),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_texts_can_be_told_from_their_ground(theme: int, text: str, ground: str) -> None:
    tokens = (ROOT / "core/reporting/tokens.css").read_text()
    colours = {name: pair for name, *pair in re.findall(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\)", tokens)}
    assert contrast(colours[text][theme], colours[ground][theme]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 defines it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as ff8000."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
