"""Whether a table can have a recipe. Loads no scikit-learn."""

from core.errors import InvalidInputError, UnknownColumnError
from core.manifests import Column, Recipe
from core.preprocessing.features import allowed_features, check_target


def check_recipe(columns: list[Column], recipe: Recipe) -> None:
    """Raise `UnknownColumnError`, `TargetError` or `InvalidInputError` for a recipe that this table cannot have."""
    types = {column.name: column.type for column in columns}
    named = {f"columns.{name}": name for name in recipe.columns}
    named |= {f"leave_out[{position}]": name for position, name in enumerate(recipe.leave_out)}
    unknown = {field: name for field, name in named.items() if name not in types}
    if unknown:
        absent, present = ", ".join(map(repr, dict.fromkeys(unknown.values()))), ", ".join(types)
        errors = [{"field": field, "message": "no such column"} for field in unknown]
        raise UnknownColumnError(f"The table has no column {absent}. The columns are: {present}.", errors)
    target = recipe.target_column
    if target is not None:
        check_target(columns, target)
    errors = []
    for name, handling in recipe.columns.items():
        if types[name] == "category" and handling in ("mean", "median"):
            errors.append({"field": f"columns.{name}", "message": f"text has no {handling}; choose drop or mode"})
        elif name == target and handling != "drop":
            errors.append({"field": f"columns.{name}", "message": "rows without the target are always left out"})
    if target in recipe.leave_out:
        field = f"leave_out[{recipe.leave_out.index(target)}]"
        errors.append({"field": field, "message": "is the target; choose another target_column, or keep it"})
    elif not allowed_features(columns, recipe, target):
        errors.append({"field": "leave_out", "message": "leaves no column to learn from"})
    if errors:
        fields = ", ".join(error["field"] for error in errors)
        raise InvalidInputError(f"Correct these fields and send again: {fields}.", errors)
