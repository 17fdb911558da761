"""Answer with a page: it shows itself, saves under a name, and is packed where the caller takes gzip."""

import gzip
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse

from core.languages.tags import Language
from core.reporting.page import CONTENT_SECURITY_POLICY, TAGS
from functions.packed_answers import takes_gzip

# Half of the time of the best level, for a twentieth more bytes.
LEVEL = 6


def html_page(
    request: Request, page: str, language: Language, name: str | None = None, vary: tuple[str, ...] = ()
) -> HTMLResponse:
    """Return the answer that shows a page; a browser saves it as `name`. `vary` are headers that chose it as well."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Content-Language": TAGS[language],
        "Vary": ", ".join((*vary, "Accept-Encoding", "Accept-Language")),
    }
    if name is not None:
        headers["Content-Disposition"] = f"inline; filename=\"report.html\"; filename*=UTF-8''{quote(name)}"
    body = page.encode()
    if takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, LEVEL, mtime=0)
    return HTMLResponse(body, headers=headers)
