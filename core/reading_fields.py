"""The fields by which a request says how a file is to be read: one definition for uploads, announcements and series."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, field_validator
from pydantic_core.core_schema import ValidationInfo

from core.amounts import DecimalMark
from core.bounds import MOST_COLUMNS, at_most
from core.delimited.options import find_codec, find_delimiter
from core.errors import InvalidInputError
from core.manifests import DateOrder, Reading, ThousandsMark
from core.stored_document import is_empty, is_none
from core.types import ColumnType, Json
from core.whole_numbers import whole

MOST_SPELLINGS = 100
SPELLING_CHARACTERS = 200
MOST_TYPES = MOST_COLUMNS
# A mark by its name, because a blank is easily lost on a command line.
MARK_WORDS = {"point": ".", "comma": ",", "apostrophe": "'", "space": " "}


def _named_mark(value: Any) -> Any:
    """Return the mark that a word stands for, and anything else as it is."""
    return MARK_WORDS.get(value, value) if isinstance(value, str) else value


def _known_encoding(name: str | None) -> str | None:
    """Return the name; raises `InvalidInputError` unless it is one of an encoding of texts."""
    if name is not None:
        find_codec(name)
    return name


def _possible_delimiter(name: str | None) -> str | None:
    """Return the name; raises `InvalidInputError` unless it can be a delimiter."""
    if name is not None:
        find_delimiter(name)
    return name


def _as_text(value: Any) -> Any:
    """Return the number of a sheet as its text, and anything else as it is; raises `ValueError` for one below 1."""
    number = whole(value)
    if not isinstance(number, int) or isinstance(number, bool):
        return number
    if number < 1:
        raise ValueError("sheets are numbered from 1")
    return str(number)


def _or_empty_list(value: Any) -> Any:
    return [] if value is None else value


def _or_empty_object(value: Any) -> Any:
    return {} if value is None else value


def _trimmed(spellings: list[str]) -> list[str]:
    """Return the spellings as cells have them, each once; raises `ValueError` for a blank one."""
    found = [spelling.strip() for spelling in spellings]
    if not all(found):
        raise ValueError("an empty cell is always missing; leave the empty spelling out")
    return list(dict.fromkeys(found))


Spelling = Annotated[str, Field(max_length=SPELLING_CHARACTERS)]
Spellings = Annotated[
    list[Spelling], Field(max_length=MOST_SPELLINGS), BeforeValidator(_or_empty_list), AfterValidator(_trimmed)
]


Types = Annotated[
    dict[str, ColumnType], Field(max_length=MOST_TYPES), at_most(MOST_TYPES), BeforeValidator(_or_empty_object)
]

# Each with what a request may have in its place.
Sheet = Annotated[
    Annotated[str, Field(max_length=200)] | None,
    BeforeValidator(_as_text, Annotated[str, Field(max_length=200)] | Annotated[int, Field(ge=1)] | None),
]
NamedDecimalMark = Annotated[
    DecimalMark | None, BeforeValidator(_named_mark, DecimalMark | Literal["point", "comma"] | None)
]
NamedThousandsMark = Annotated[
    ThousandsMark | None,
    BeforeValidator(_named_mark, ThousandsMark | Literal["point", "comma", "apostrophe", "space"] | None),
]


class ReadingFields(BaseModel):
    """How a file is to be read, where the caller knows it. What is left out is inferred."""

    encoding: Annotated[str | None, AfterValidator(_known_encoding)] = Field(
        None, description="default: found out", exclude_if=is_none
    )
    delimiter: Annotated[str | None, AfterValidator(_possible_delimiter)] = Field(
        None, description="one character, or tab, space; default: found out", exclude_if=is_none
    )
    has_header: bool | None = Field(
        None, description="whether the first line names the columns; default: found out", exclude_if=is_none
    )
    dates: DateOrder | None = Field(
        None, description="the order of day, month and year where a column fits more than one", exclude_if=is_none
    )
    decimal: NamedDecimalMark = Field(
        None, description="the mark before the fraction of a number, or its name", exclude_if=is_none
    )
    thousands: NamedThousandsMark = Field(
        None, description="the mark between groups of digits, or its name", exclude_if=is_none
    )
    types: Types = Field({}, description="by column its type; a category is a text as written", exclude_if=is_empty)
    missing: Spellings = Field([], description="further spellings of a missing value", exclude_if=is_empty)
    keep: Spellings = Field(
        [], description="spellings of a missing value that are answers in this file", exclude_if=is_empty
    )

    sheet: Sheet = Field(None, description="of a workbook its sheet, by name or number from 1", exclude_if=is_none)
    member: str | None = Field(
        None, max_length=1000, description="of a zip archive the file with the table", exclude_if=is_none
    )

    @field_validator("thousands")
    @classmethod
    def _differs_from_decimal(cls, mark: ThousandsMark | None, info: ValidationInfo) -> ThousandsMark | None:
        if mark is not None and mark == info.data.get("decimal"):
            raise ValueError("is the decimal mark as well; send another one, or leave one of the two out")
        return mark

    @field_validator("keep")
    @classmethod
    def _differs_from_missing(cls, keep: list[str], info: ValidationInfo) -> list[str]:
        both = [spelling for spelling in keep if spelling in info.data.get("missing", ())]
        if both:
            raise ValueError(f"{', '.join(map(repr, both))} is in missing as well; leave it out of one of the two")
        return keep

    @property
    def reading(self) -> Reading:
        """Return the fields as ingestion takes them."""
        return Reading(**{name: getattr(self, name) for name in ReadingFields.model_fields})

    @property
    def changes(self) -> Json:
        """Return the fields that were sent, by name; None and what is empty clear a field."""
        return {name: getattr(self, name) for name in ReadingFields.model_fields if name in self.model_fields_set}


def check_reading(reading: Reading) -> None:
    """Raise `InvalidInputError` that names the fields which no file can be read by, or which exclude each other."""
    try:
        ReadingFields.model_validate(reading.asked)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in found]
        named = ", ".join(dict.fromkeys(one["field"] for one in errors))
        raise InvalidInputError(f"Correct these fields and send again: {named}.", errors) from None


def changed_reading(before: Reading | None, changes: Json) -> Reading:
    """Return a reading with these fields changed, as `ReadingFields.changes` has them.

    Raises `InvalidInputError` where a changed field and one that stays exclude each other.
    """
    reading = Reading.model_validate({**(before.asked if before else {}), **changes})
    check_reading(reading)
    return reading
