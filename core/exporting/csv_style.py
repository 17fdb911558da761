"""How a CSV is written for its readers: the delimiter, the decimal mark, and the byte order mark."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from core.delimited.options import DELIMITER_WORDS
from core.errors import InvalidInputError
from core.reading_fields import NamedDecimalMark

Delimiter = Literal[",", ";", "\t", "|"]


def _named_delimiter(value: Any) -> Any:
    """Return the delimiter that a word stands for, and anything else as it is."""
    return DELIMITER_WORDS.get(value, value) if isinstance(value, str) else value


DelimiterField = Annotated[
    Delimiter | None,
    # As a request may name it.
    BeforeValidator(
        _named_delimiter,
        Literal["comma", "semicolon", "tab", "pipe"] | Annotated[str, Field(pattern=r"^[,;\t|]$")] | None,
    ),
    Field(description="csv: what divides the cells, or its name; default: comma, by a decimal comma semicolon"),
]
DecimalField = Annotated[NamedDecimalMark, Field(description="csv: the mark before a fraction, or its name")]
BomField = Annotated[
    bool | None, Field(description="csv: whether it begins with a byte order mark, by which Excel knows UTF-8")
]


@dataclass(frozen=True)
class CsvStyle:
    """How a CSV is written."""

    delimiter: str = ","
    decimal: str = "."
    bom: bool = True


COMMAS_AND_POINTS = CsvStyle()


def csv_style(kind: str, delimiter: str | None, decimal: str | None, bom: bool | None) -> CsvStyle:
    """Return the style of a file of the format `kind`.

    Raises `InvalidInputError` where another format than csv is given one, and for a comma as both marks.
    """
    given = {"delimiter": delimiter, "decimal": decimal, "bom": bom}
    named = [name for name, value in given.items() if value is not None]
    if kind != "csv" and named:
        errors = [{"field": name, "message": "goes with format csv only"} for name in named]
        detail = f"A file of the format {kind} has no {', '.join(named)}. Leave them out, or ask for csv."
        raise InvalidInputError(detail, errors)
    if decimal == "," and delimiter == ",":
        errors = [{"field": "delimiter", "message": "is the decimal mark as well"}]
        detail = "A comma cannot be both the delimiter and the decimal mark. Send semicolon as the delimiter."
        raise InvalidInputError(detail, errors)
    return CsvStyle(delimiter or (";" if decimal == "," else ","), decimal or ".", bom is not False)


class CsvStyleFields(BaseModel):
    """Base of what asks for a file in a `format`, and says how it is written if it is a CSV."""

    format: str = "csv"
    delimiter: DelimiterField = None
    decimal: DecimalField = None
    bom: BomField = None

    def csv_style(self) -> CsvStyle:
        """Return how a CSV is written; raises `InvalidInputError` where the fields contradict each other."""
        return csv_style(self.format, self.delimiter, self.decimal, self.bom)
