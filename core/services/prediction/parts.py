"""The objects below `{workspace}/parts/`, which callers have predicted as one table. Light: loads no Arrow."""

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from core.errors import InvalidInputError, TooLargeError
from core.settings import settings
from core.storage.workspace import Workspace

FOLDER = "parts/"
ENDINGS = (".csv", ".parquet")
# As many as a divided job has tasks: each task that ends lists the markers of all others.
MOST_PARTS = 3_000
MOST_CHARACTERS = 500
# What no prefix has: patterns, backslashes and control characters, and names that are no folder.
UNCLEAR = re.compile(r"[*\\\x00-\x1f\x7f]|^/|//|(^|/)\.\.?(/|$)")
# Objects that other programs put beside their parts, such as `_SUCCESS`, and markers of folders.
PASSED_OVER = re.compile(r"(^|/)[_.][^/]*$|/$")


class Part(BaseModel):
    """An object that is predicted: its key below the folder of parts, and its ETag and size when it was found."""

    model_config = ConfigDict(frozen=True)

    name: str
    etag: str
    size: int


def part_key(workspace: Workspace, name: str) -> str:
    """Return the key of a part, or the beginning of the keys of several."""
    return f"{workspace.name}/{FOLDER}{name}"


def check_prefix(
    workspace: Workspace, prefix: str, model_name: str | None, *, explain: bool, format: str = "json"
) -> None:
    """Raise `InvalidInputError` unless keys of parts may begin so, and the rest of the request goes with a prefix."""
    if not prefix or len(prefix) > MOST_CHARACTERS or UNCLEAR.search(prefix):
        message = (
            f"is how keys begin below {part_key(workspace, '')}, such as march/part-: at most {MOST_CHARACTERS} "
            "characters, without a slash at the beginning, empty folders, `.` and `..` as folders, `*` and backslashes"
        )
        raise _unusable("The prefix is not usable.", message)
    refuse_fields(
        {
            "model_name": (model_name is None, "a prefix needs a stored model"),
            "format": (format == "excel", "a prefix is exported as csv, json, jsonl or parquet"),
            "explain": (explain, "does not go with a prefix"),
        }
    )


def refuse_fields(fields: Mapping[str, tuple[bool, str]]) -> None:
    """Raise `InvalidInputError` for the fields that are unusable, given by name whether they are, and why."""
    errors = [{"field": name, "message": message} for name, (found, message) in fields.items() if found]
    if errors:
        raise InvalidInputError(f"{errors[0]['field']}: {errors[0]['message']}.", errors)


def find_parts(workspace: Workspace, prefix: str) -> list[Part]:
    """Return the objects whose keys begin so, in the order of the bytes of their names.

    Raises `InvalidInputError` where there is none, or one of another kind, and `TooLargeError`.
    """
    below, limit = part_key(workspace, ""), settings().max_file_bytes
    parts: list[Part] = []
    for item in workspace.objects.list(part_key(workspace, prefix)):
        name = item.key.removeprefix(below)
        if PASSED_OVER.search(name):
            continue
        if not name.lower().endswith(ENDINGS):
            message = f"{name} ends in neither {' nor '.join(ENDINGS)}"
            raise _unusable(f"{message}. Name a prefix of the parts only, or move this object.", message)
        if item.size > limit:
            raise TooLargeError(f"{name} has {item.size:,} bytes; at most {limit:,} are taken. Divide it.")
        parts.append(Part(name=name, etag=item.etag, size=item.size))
        if len(parts) > MOST_PARTS:
            raise TooLargeError(f"More than {MOST_PARTS:,} objects have this prefix. Name them in several requests.")
    if not parts:
        message = f"no key begins with {part_key(workspace, prefix)}"
        raise _unusable(f"There is nothing to predict: {message}. Put the objects there first.", message)
    return sorted(parts, key=lambda part: part.name.encode())


def _unusable(detail: str, message: str) -> InvalidInputError:
    return InvalidInputError(detail, [{"field": "prefix", "message": message}])
