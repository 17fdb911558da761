"""The base of the exceptions for what the service refuses: each holds its problem document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from regatta.errors.failures import RegattaError

PREFIX = "urn:regatta:problem:"


class ProblemError(RegattaError):
    """The service refused a request, or a job failed. Holds the problem document."""

    # The type of the problem without its prefix; empty for a class that stands for a status alone.
    type: ClassVar[str] = ""
    # The status for which the class is raised where the type is not known.
    fallback_of: ClassVar[tuple[int, ...]] = ()

    def __init__(self, problem: Mapping[str, Any], status: int, *, job_id: str | None = None) -> None:
        """Raise `problem` as the document of an answer with this status, or of a failed job."""
        self.problem = dict(problem)
        self.status = status
        self.title = str(problem.get("title") or "")
        self.detail = str(problem.get("detail") or self.title or f"The service answered {status}.")
        self.errors: Sequence[Mapping[str, Any]] = [e for e in _list(problem.get("errors")) if isinstance(e, dict)]
        self.instance = problem.get("instance")
        self.job_id = job_id
        # The header of the answer, as it came.
        self.retry_after: str | None = None
        super().__init__(explained(self.detail, self.errors))

    @property
    def slug(self) -> str:
        """Return the type of the problem without its prefix, such as `no-such-model`."""
        return str(self.problem.get("type") or "").removeprefix(PREFIX)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.problem, self.status, self.job_id)


def _restore(kind: type[ProblemError], problem: Mapping[str, Any], status: int, job_id: str | None) -> ProblemError:
    return kind(problem, status, job_id=job_id)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def explained(detail: str, errors: Iterable[Mapping[str, Any]]) -> str:
    """Return the detail of a problem, with a line for each of its errors."""
    return "\n".join([detail, *map(_error_line, errors)])


def _error_line(error: Mapping[str, Any]) -> str:
    """Write `{"row": 3, "message": "..."}` as `  row 3: ...`."""
    place = ", ".join(f"{name} {value}" for name, value in error.items() if name != "message")
    return f"  {place}: {error['message']}" if "message" in error else f"  {place}"
