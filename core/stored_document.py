"""The base of every stored document, with the number of its format; ids and times that documents have."""

import secrets
import time
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from core.errors import NewerFormatError, RegattaError

# The newest format of stored documents that this version reads.
FORMAT = 1


def now() -> str:
    """Return the current time in UTC as ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_file_id() -> str:
    """Return a unique id that sorts by creation: milliseconds in hexadecimal, then 40 random bits."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"


def no_items() -> list[Any]:
    """Return an empty list, the default of a field. pydantic reads the signature of `list` itself as text: 5 ms."""
    return []


def is_none(value: Any) -> bool:
    """Return whether a field that younger versions added has no value: answers and documents are as before then."""
    return value is None


def is_empty(value: Any) -> bool:
    """Return whether a list, dictionary or flag that younger versions added is empty or false, as `is_none` does."""
    return not value


class DamagedDocumentError(RegattaError, ValueError):
    """A stored document is no JSON, or lacks what every version writes into it."""

    slug, title = "damaged-document", "A stored document is damaged"


class Document(BaseModel):
    """Base of every stored document. Unknown fields, which a newer version wrote, are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class FormattedDocument(Document):
    """Base of a document that is an object of the bucket and has the number of its format in `format`.

    New fields keep the number, because older versions ignore them. It grows where an older version would read the
    document wrongly.
    """

    @model_validator(mode="before")
    @classmethod
    def _check_format(cls, document: Any) -> Any:
        """Raise `NewerFormatError`, which no caller may take for a damaged document, for a format above `FORMAT`."""
        number = document.get("format", FORMAT) if isinstance(document, dict) else FORMAT
        if isinstance(number, int) and number > FORMAT:
            names = (document.get(key) for key in ("model_name", "file_id", "job_id", "name"))
            name = next((f" {name!r}" for name in names if name), "")
            raise NewerFormatError(
                f"The stored {cls.__name__}{name} has format {number}, and this version of Regatta reads formats up to "
                f"{FORMAT}. Deploy the version that wrote it, or a newer one. Nothing was changed."
            )
        return document
