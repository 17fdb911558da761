"""Which exception a problem document becomes."""

from collections.abc import Iterator, Mapping
from typing import Any

from regatta.errors.problem import PREFIX, ProblemError
from regatta.errors.server_errors import ServerError


def problem_error(problem: Mapping[str, Any], status: int, *, job_id: str | None = None) -> ProblemError:
    """Return the exception of a problem document: that of its type, else that of its status."""
    slug = str(problem.get("type") or "").removeprefix(PREFIX)
    classes = list(_subclasses(ProblemError))
    of_type = (kind for kind in classes if kind.type and kind.type == slug)
    of_status = (kind for kind in classes if status in vars(kind).get("fallback_of", ()))
    base = ServerError if status >= 500 else ProblemError
    kind = next(of_type, None) or next(of_status, base)
    return kind(problem, status, job_id=job_id)


def _subclasses(kind: type[ProblemError]) -> Iterator[type[ProblemError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
