"""The files of the console as they are sent: text, below the digest of all of them.

A module imports its neighbours by relative addresses, so all files have the same digest in front of them. Whatever
changes, changes it, and so a browser may keep every file for ever. Nothing is built: the files lie in `static/` as they
are sent, and the digest is made when the first of them is asked for.
"""

import hashlib
from functools import cache
from pathlib import Path

from core.languages.service_sentences import table
from core.languages.tags import LANGUAGES
from functions.system.text_file import TextFile

STATIC = Path(__file__).with_name("static")
PAGE = "index.html"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".csv": "text/csv"}
# Published modules name each other as packages. A browser resolves such a name by an import map only, which would be an
# inline script; so the one name that ours use becomes an address as the file is sent.
BARE_IMPORT, ADDRESS = b'from"preact"', b'from"./preact.js"'
# What every view needs is asked for at once, and not one after another as the modules name each other.
FIRST = ("vendor/", "parts/", "app.js", "main.js", "views/index.js")
# Style sheets in this order; the views' own follow.
STYLES = ("tokens.css", "console.css")


@cache
def assets() -> dict[str, TextFile]:
    """Return every file by its path below `static/`, but for the page."""
    found = sorted(path for path in STATIC.rglob("*") if path.suffix in MEDIA_TYPES)
    own = {path.relative_to(STATIC).as_posix(): _read(path) for path in found}
    # The reports write the service's sentences by the same files.
    listed = {f"words/service.{each}.json": TextFile(table(each), MEDIA_TYPES[".json"]) for each in LANGUAGES}
    return {**own, **listed}


@cache
def digest() -> str:
    """Return 16 hexadecimal digits of the SHA-256 of all files and their paths."""
    whole = hashlib.sha256()
    for path, file in assets().items():
        whole.update(f"{path}\0{len(file.body)}\0".encode())
        whole.update(file.body)
    return whole.hexdigest()[:16]


def page(base: str) -> TextFile:
    """Return the page for callers behind a base path."""
    folder = f"{base}/console/assets/{digest()}"
    styles = [*STYLES, *(path for path in assets() if path.endswith(".css") and path not in STYLES)]
    modules = [path for path in assets() if path.endswith(".js") and path.startswith(FIRST)]
    links = [
        *(f'<link rel="stylesheet" href="{folder}/{path}">' for path in styles),
        *(f'<link rel="modulepreload" href="{folder}/{path}">' for path in modules),
        f'<script type="module" src="{folder}/main.js"></script>',
    ]
    text = (STATIC / PAGE).read_text("utf-8").replace("<!-- FILES -->", "\n".join(links))
    return TextFile(text.encode(), "text/html")


def _read(path: Path) -> TextFile:
    body = path.read_bytes()
    if path.parent.name == "vendor":
        body = body.replace(BARE_IMPORT, ADDRESS)
    return TextFile(body, MEDIA_TYPES[path.suffix])
