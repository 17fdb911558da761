"""The options of a training without a service: the fields of a command, of a reading and of a recipe by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import InvalidInputError
from core.jobs.commands import CompareCommand, TrainCommand
from core.manifests import Reading, Recipe
from core.reading_fields import ReadingFields

M = TypeVar("M", bound=BaseModel)
C = TypeVar("C", TrainCommand, CompareCommand)

# Fields that mean something to a service only, or are arguments of their own.
TAKEN = {
    "file_id",
    "model_name",
    "model_type",
    "parallel",
    "return_model",
    "target_column",
    "time_limit",
    "training",
}


def parse_options(kind: type[C], fields: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[C, Reading, Recipe]:
    """Return the command of `fields` and its options, the reading and the recipe.

    Raises `InvalidInputError` for an option that there is not, and for a value that it cannot have.
    """
    known = [model.model_fields.keys() - TAKEN for model in (kind, ReadingFields, Recipe)]
    unknown = [name for name in options if not any(name in names for names in known)]
    if unknown:
        near = get_close_matches(unknown[0], sorted(set().union(*known)), 1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise InvalidInputError(
            f"There is no option {unknown[0]!r}. {meant}The options are: {', '.join(sorted(set().union(*known)))}.",
            [{"field": name, "message": "no such option"} for name in unknown],
        )
    own, reading, recipe = ({name: options[name] for name in names & options.keys()} for names in known)
    return (
        _validated(kind, {**fields, **own}),
        _validated(ReadingFields, reading).reading,
        _validated(Recipe, recipe),
    )


def _validated(kind: type[M], fields: Mapping[str, Any]) -> M:
    """Return a model of these fields; raises `InvalidInputError` that names the wrong ones."""
    try:
        return kind(**fields)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in found]
        wrong = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
        raise InvalidInputError(f"Correct {wrong}.", errors) from None
