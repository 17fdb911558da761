"""Describe errors for the log: what went wrong and where, without values of the data that a message may quote."""

from collections.abc import Iterator
from pathlib import Path
from traceback import extract_tb
from typing import Any

from core.errors import RegattaError

# Their messages name code and not values.
ABOUT_CODE = (ArithmeticError, AttributeError, ImportError, MemoryError, NameError, NotImplementedError, RecursionError)
FRAMES = 12
CAUSES = 4
FIELDS = 5
ROOT = Path(__file__).parents[2]


def cause_of(error: BaseException) -> str:
    """Return the error and what it was raised from, such as `UnavailableError: ... <- ClientError: SlowDown`."""
    return " <- ".join(_described(one) for one in _chain(error))


def frames_of(error: BaseException) -> list[str]:
    """Return where the first cause was raised, as `file:line function`, the innermost last.

    Of libraries only the frame is there that raised it.
    """
    frames = extract_tb([*_chain(error)][-1].__traceback__)
    shown = [frame for frame in frames if _is_ours(frame.filename) or frame is frames[-1]]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in shown[-FRAMES:]]


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(CAUSES):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _described(error: BaseException) -> str:
    name, words = type(error).__name__, _words(error)
    return f"{name}: {words}" if words else name


def _words(error: BaseException) -> str:
    """Return what may be said of the error besides its class."""
    if isinstance(error, RegattaError):
        # The detail of a refusal quotes what was sent.
        return error.detail if error.status >= 500 else error.slug
    if isinstance(error, OSError):
        return error.strerror or _of_url(error)
    if isinstance(error, ABOUT_CODE):
        return str(error)
    if type(error).__module__.startswith("pydantic"):
        return ", ".join(f"{one['loc'][0] if one['loc'] else 'it'} ({one['type']})" for one in _fields(error))
    answer = getattr(error, "response", None)  # of botocore's ClientError, which light functions do not load
    if isinstance(answer, dict):
        code = answer.get("Error", {}).get("Code", "")
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        return f"{code} ({status}) of {getattr(error, 'operation_name', '')}"
    first = str(error).split(" ", 1)[0]
    return first if first.isupper() and first.isascii() and type(error).__module__.startswith("redis") else ""


def _fields(error: BaseException) -> list[dict[str, Any]]:
    """Return what pydantic says of each field, without the values."""
    found = getattr(error, "errors", list)
    return list(found())[:FIELDS]


def _of_url(error: OSError) -> str:
    """Return the status of urllib's HTTPError, or the reason of its URLError; they have the URL in their messages."""
    status, reason = getattr(error, "code", None), getattr(error, "reason", None)
    return f"HTTP {status}" if status else _described(reason) if isinstance(reason, OSError) else ""


def _is_ours(filename: str) -> bool:
    return filename.startswith(str(ROOT)) and "site-packages" not in filename


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(ROOT)) if _is_ours(filename) else "/".join(path.parts[-3:])
