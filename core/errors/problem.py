"""The base of all errors: a problem document of RFC 9457, bounded in length."""

from collections.abc import Sequence
from typing import Any, ClassVar

# So many errors of fields are in one answer, and so many characters in its texts: an answer is not many times as long
# as its request.
MOST_ERRORS = 20
MOST_DETAIL, MOST_MESSAGE = 4_000, 500


class RegattaError(Exception):
    """Base of every error that reaches a caller as an RFC 9457 problem document."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong inside Regatta"
    # After how many seconds the same request may succeed; None where it has to be changed first.
    retry_after: float | None = None

    def __init__(self, detail: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        """Describe the error: `detail` for people, with the way out; `errors` names fields, rows or columns."""
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)

    def problem(self, instance: str) -> dict[str, Any]:
        """Return the problem document for the request path `instance`, with the first errors and how many there are."""
        detail = _shortened(self.detail, MOST_DETAIL)
        if len(self.errors) > MOST_ERRORS:
            detail += f" The first {MOST_ERRORS} of {len(self.errors):,} problems are listed."
        body: dict[str, Any] = {
            "type": f"urn:regatta:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": detail,
            "instance": _shortened(instance, MOST_DETAIL),
        }
        if self.errors:
            body["errors"] = [
                {name: _shortened(value, MOST_MESSAGE) for name, value in error.items()}
                for error in self.errors[:MOST_ERRORS]
            ]
        return body


def _shortened(value: Any, most: int) -> Any:
    """Return a text of at most so many characters, without half characters, and of a list the first such texts."""
    if isinstance(value, list | tuple):
        return [_shortened(item, most) for item in value[:MOST_ERRORS]]
    if not isinstance(value, str):
        return value
    whole = value if len(value) <= most else f"{value[:most]}…"
    return whole.encode("utf-8", "replace").decode()
