"""Problem documents become one exception a type."""

import pickle
import re
from pathlib import Path

import pytest

from regatta import errors
from regatta.errors.documents import _subclasses

DOCUMENTED = re.findall(
    r"^\| `([a-z-]+)` \| (\d+) \|", (Path(__file__).parents[5] / "docs/errors.md").read_text(), re.MULTILINE
)


def problem(slug: str, **more: object) -> dict[str, object]:
    return {"type": f"urn:regatta:problem:{slug}", "title": "Title", "detail": "Detail.", **more}


@pytest.mark.parametrize(("slug", "status"), DOCUMENTED)
def test_every_documented_type_has_its_class(slug: str, status: str) -> None:
    error = errors.problem_error(problem(slug), int(status))
    assert (type(error).type, error.slug, error.status) == (slug, slug, int(status))


def test_no_class_has_a_type_that_is_not_documented() -> None:
    groups = {"not-found", "unprocessable"}
    assert {kind.type for kind in _subclasses(errors.ProblemError)} - {""} - groups == {s for s, _ in DOCUMENTED}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (418, errors.ProblemError),
        (422, errors.Unprocessable),
        (502, errors.ServerError),
        (504, errors.TimedOut),
    ],
)
def test_an_unknown_type_is_the_class_of_its_status(status: int, kind: type[errors.ProblemError]) -> None:
    assert type(errors.problem_error(problem("from-the-future"), status)) is kind


def test_the_message_has_the_detail_and_a_line_for_each_error() -> None:
    error = errors.problem_error(problem("invalid-records", errors=[{"row": 3, "field": "age", "message": "bad"}]), 422)
    assert str(error) == "Detail.\n  row 3, field age: bad"


def test_exceptions_survive_another_process() -> None:
    error = errors.problem_error(problem("no-such-model", errors=[{"field": "x", "message": "y"}]), 404)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.status) == (errors.ModelNotFound, str(error), 404)


def test_the_tree_in_the_docstring_names_every_class() -> None:
    defined = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert set(re.findall(r"\b[A-Z]\w+", (errors.__doc__ or "").split("RegattaError\n")[1])) >= defined - {
        "RegattaError"
    }
